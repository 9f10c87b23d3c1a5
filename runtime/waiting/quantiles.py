"""The honest quantile of waits, of which some have not ended yet. Pure.

Who still waits has waited at least so long; to leave them out would make a queue that nobody empties look
fast. Kaplan and Meier (1958) count them until they are last seen. Where too few waits have ended to know,
there is no quantile: None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, order=True)
class Wait:
    """How long somebody has waited; ``ended`` says whether a person came (otherwise it is so long so far)."""

    seconds: float
    ended: bool = True


def wait_quantile(waits: Iterable[Wait], quantile: float) -> float | None:
    """Return the seconds within which the share ``quantile`` (0 to 1) of the customers gets a person.

    Without open waits it is the smallest wait that at least this share does not exceed.
    """
    ordered = sorted(waits, key=lambda wait: wait.seconds)
    at_risk, still_waiting = len(ordered), 1.0
    for seconds, group in groupby(ordered, key=lambda wait: wait.seconds):
        here = list(group)
        still_waiting *= 1 - sum(wait.ended for wait in here) / at_risk
        if 1 - still_waiting >= quantile - ROUNDING and any(wait.ended for wait in here):
            return seconds
        at_risk -= len(here)
    return None


def wait_of(
    requested_at: datetime, accepted_at: datetime | None, finished_at: datetime | None, *, now: datetime
) -> Wait:
    """Return the wait of a handoff; one that was given back or is still open has not ended with a person."""
    end = accepted_at or finished_at or now
    return Wait(max((end - requested_at).total_seconds(), 0.0), ended=accepted_at is not None)
