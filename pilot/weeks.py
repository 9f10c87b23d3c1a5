"""The weeks of a pilot, from its conversations, and what the gate says of them. Pure.

A conversation counts in the week in which it began (Monday to Sunday where the workspace is). Only full weeks
go into the gate; the one that runs is shown, and marked. A week in which nothing happened stays in its place:
leaving it out would put together what is a fortnight apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from pilot.gate import Verdict, verdict_of
from pilot.inferred import Inferred
from pilot.metrics import Interaction, Metrics, metrics_of

ONE_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Told:
    """One conversation with what is said of it; ``began_at`` to ``last_at`` are its messages' times."""

    conversation_id: UUID
    week: date
    began_at: datetime
    last_at: datetime
    mode: str
    intent: str
    what: Interaction
    inferred: Inferred | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """One week by its Monday; ``is_partial`` while it runs."""

    monday: date
    is_partial: bool
    metrics: Metrics

    @property
    def sunday(self) -> date:
        """The week's last day."""
        return self.monday + timedelta(days=6)


def weeks_from(conversations: Iterable[Told], *, today: date, until: date | None = None) -> list[Week]:
    """Return the weeks from the first conversation's to the last one's, or to that of ``until`` if later."""
    by_week: dict[date, list[Interaction]] = defaultdict(list)
    for one in conversations:
        by_week[one.week].append(one.what)
    if not by_week:
        return []
    monday, last = min(by_week), max(by_week)
    if until is not None:
        last = max(last, monday_of(until))
    found = []
    while monday <= last:
        is_partial = today < monday + ONE_WEEK
        found.append(Week(monday, is_partial, metrics_of(by_week.get(monday, []))))
        monday += ONE_WEEK
    return found


def verdict_from(weeks: Sequence[Week], whole: Metrics) -> Verdict:
    """Return what the gate says: trends of full weeks only, the count of all."""
    return verdict_of([week.metrics for week in weeks if not week.is_partial], whole)


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())
