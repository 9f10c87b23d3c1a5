"""What crosses the border about teams: frozen, without rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

UTC_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class AssignedTeam:
    """The team that gets a handoff, as it was when it was asked for.

    ``available`` is False outside of its hours and where it has no active member; ``opens_at`` is then the
    next opening on the team's clock, or None where none is in sight. ``id`` is None where there is no team:
    whoever may take handoffs takes them, at any hour.
    """

    id: int | None = None
    name: str = ""
    time_zone: str = UTC_ZONE
    available: bool = True
    opens_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the packet tells of it."""
        return {
            "id": self.id,
            "name": self.name,
            "available": self.available,
            "opens_at": self.opens_at.isoformat() if self.opens_at else None,
        }


NO_TEAM = AssignedTeam()


@dataclass(frozen=True, slots=True)
class TeamSummary:
    """A team as lists and choices show it."""

    id: int
    name: str
    time_zone: str
    status: str
