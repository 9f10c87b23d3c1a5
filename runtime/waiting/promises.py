"""Was the wait kept that a customer was told? Pure.

The promise is what was read, rounded up as it is told (escalation.language.told_minutes). A customer who
still waits past it has been let down already and counts as broken; one who waits within it counts as neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.proportions import Share
from escalation.language import told_minutes
from runtime.waiting.quantiles import wait_of

KEPT, BROKEN, PENDING, WITHDRAWN = "kept", "broken", "pending", "withdrawn"


@dataclass(slots=True)
class Promises:
    """How many promises were made, and what became of them."""

    kept: int = 0
    broken: int = 0
    pending: int = 0
    withdrawn: int = 0

    def add(self, verdict: str) -> None:
        """Count one more."""
        setattr(self, verdict, getattr(self, verdict) + 1)

    @property
    def made(self) -> int:
        """All of them."""
        return self.kept + self.broken + self.pending + self.withdrawn

    @property
    def share(self) -> Share:
        """The kept ones among those that are decided."""
        return Share(self.kept, self.kept + self.broken)


def promise_verdict(
    estimate_seconds: int,
    requested_at: datetime,
    accepted_at: datetime | None,
    finished_at: datetime | None,
    *,
    now: datetime,
) -> str:
    """Say what became of a promise; withdrawn is one whose customer the agent took back in time."""
    wait = wait_of(requested_at, accepted_at, finished_at, now=now)
    if wait.seconds > told_minutes(estimate_seconds) * 60:
        return BROKEN
    if wait.ended:
        return KEPT
    return PENDING if finished_at is None else WITHDRAWN
