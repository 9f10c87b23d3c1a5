"""The weeks of a rehearsal: how many tickets each has, how many were played, what their drafts came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from pilot.drafts.collecting import monday_of
from pilot.models import Draft, Pilot
from runtime.models import Conversation
from tickets.histories import TicketScope, tickets_of

WEEK = timedelta(days=7)
MAX_WEEKS = 60


@dataclass(frozen=True, slots=True)
class RehearsalWeek:
    """One week of the scope's tickets; ``drafts``, ``reviewed`` and ``waiting`` are of those played."""

    monday: date
    tickets: int
    played: int
    drafts: int
    reviewed: int
    waiting: int
    versions: tuple[int, ...] = ()


def scope_of(pilot: Pilot, *, since: datetime | None = None, until: datetime | None = None) -> TicketScope:
    """Return the tickets of a pilot's scope."""
    return TicketScope(pilot.channel, pilot.category_id, since, until)


def bounds_of(monday: date) -> tuple[datetime, datetime]:
    """Return the first moment of a week and that of the next one, where the workspace is."""
    first = timezone.make_aware(datetime.combine(monday, time.min))
    return first, timezone.make_aware(datetime.combine(monday + WEEK, time.min))


def weeks_of(pilot: Pilot) -> list[RehearsalWeek]:
    """Return the weeks that have tickets, the latest MAX_WEEKS of them, oldest first (4 queries)."""
    tickets = Counter(monday_of(at) for _, at in tickets_of(scope_of(pilot)))
    played = Counter(
        monday_of(at)
        for at in Conversation.objects.filter(
            pilot_id=pilot.pk, ticket__isnull=False, turn_count__gt=0
        ).values_list("created_at", flat=True)
    )
    drafts = {
        row["week"]: row
        for row in Draft.objects.filter(pilot=pilot)
        .values("week")
        .order_by("week")
        .annotate(
            n=Count("pk"),
            waiting=Count("pk", filter=Q(missing__gt=0)),
            reviewed=Count("pk", filter=Q(in_sample=True, missing=0)),
        )
    }
    versions: dict[date, set[int]] = {}
    pairs = Draft.objects.filter(pilot=pilot, turn__model_version__isnull=False)
    for week, version in pairs.order_by().values_list("week", "turn__model_version").distinct():
        versions.setdefault(week, set()).add(version or 0)
    found = []
    for monday in sorted(set(tickets) | set(played))[-MAX_WEEKS:]:
        row = drafts.get(monday, {"n": 0, "waiting": 0, "reviewed": 0})
        found.append(
            RehearsalWeek(
                monday,
                tickets[monday],
                played[monday],
                row["n"],
                row["reviewed"],
                row["waiting"],
                tuple(sorted(versions.get(monday, ()))),
            )
        )
    return found


def next_week(weeks: list[RehearsalWeek]) -> date | None:
    """Return the first full week after the last one played; None before the first play, and at the end."""
    played = [week.monday for week in weeks if week.played]
    if not played:
        return None
    this_week = monday_of(timezone.now())
    return next((week.monday for week in weeks if played[-1] < week.monday < this_week), None)


def first_week_suggested(weeks: list[RehearsalWeek], *, count: int = 4) -> date | None:
    """Return the week with which a rehearsal of the last ``count`` full weeks begins."""
    this_week = monday_of(timezone.now())
    full = [week.monday for week in weeks if week.monday < this_week and week.tickets]
    return full[-count:][0] if full else None
