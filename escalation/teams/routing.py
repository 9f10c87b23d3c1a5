"""Which team gets a handoff: the first route whose every condition holds, else the default team. Pure.

An empty condition holds always. A locale stands for itself and for what is narrower: ``de`` takes ``de-AT``,
``de-AT`` does not take ``de``. Decides nothing about hours: a team that is closed gets what is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HandoffCase:
    """What is known of a handoff when a team is looked for."""

    reason: str
    intent: str = ""
    tier: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the routing table; empty conditions hold for every case."""

    team_id: int
    reason: str = ""
    intent: str = ""
    tier: str = ""
    locale: str = ""

    def takes(self, case: HandoffCase) -> bool:
        """Whether every condition holds for the case."""
        return (
            self.reason in ("", case.reason)
            and self.intent in ("", case.intent)
            and self.tier in ("", case.tier)
            and _locale_holds(self.locale, case.locale)
        )


def team_for(case: HandoffCase, routes: Sequence[Route], *, default: int | None) -> int | None:
    """Return the id of the team that gets the case: by the routes in their order, else the default team."""
    return next((route.team_id for route in routes if route.takes(case)), default)


def _locale_holds(wanted: str, said: str) -> bool:
    wanted, said = wanted.lower().replace("_", "-"), said.lower().replace("_", "-")
    return not wanted or said == wanted or said.startswith(f"{wanted}-")
