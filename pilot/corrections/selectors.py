"""Figures of corrections, from rows: what waits, what was decided and how fast, what awaits a training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from django.db.models import Count, Q
from django.utils import timezone

from intents.models import DatasetSnapshot
from pilot import workflow as w
from pilot.corrections.collecting import WITHDRAWN
from pilot.drafts.collecting import monday_of
from pilot.models import Correction, Pilot

TIMED = 200  # of the newest acceptances, of which the time is taken
MAX_WEEKS = 104
LEARNED = (w.PHRASING, w.POSITIVE)


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """What stands above the board. ``median_hours`` from finding to acceptance, of ``timed`` acceptances."""

    waiting: dict[int, int]
    oldest: datetime | None
    accepted_this_week: int
    declined_this_week: int
    median_hours: float | None
    timed: int
    untrained: int

    @property
    def total(self) -> int:
        """How many wait."""
        return sum(self.waiting.values())


@dataclass(frozen=True, slots=True)
class WeekOfCorrections:
    """The corrections of one week's drafts; good answers are counted apart, withdrawn ones not at all."""

    week: date
    found: int
    highest: int
    waiting: int
    accepted: int
    declined: int
    positives: int


def corrections_urgent() -> int:
    """Count the proposals of the highest priority that wait for a person."""
    return Correction.objects.filter(state=w.PROPOSED, priority=w.HIGHEST_PRIORITY).count()


def board_counts() -> BoardCounts:
    """Return the figures above the board (five queries)."""
    waiting = Correction.objects.filter(state=w.PROPOSED).order_by()
    by_priority = dict(waiting.values_list("priority").annotate(count=Count("pk")))
    oldest = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    monday = monday_of(timezone.now())
    decided = Correction.objects.filter(decided_at__date__gte=monday).exclude(WITHDRAWN).order_by()
    this_week = dict(decided.values_list("state").annotate(count=Count("pk")))
    accepted = Correction.objects.filter(state=w.ACCEPTED)
    times = accepted.order_by("-decided_at").values_list("created_at", "decided_at")[:TIMED]
    hours = [(decided_at - found).total_seconds() / 3600 for found, decided_at in times if decided_at]
    return BoardCounts(
        waiting={priority: by_priority.get(priority, 0) for priority in (1, 2, 3)},
        oldest=oldest,
        accepted_this_week=this_week.get(w.ACCEPTED, 0),
        declined_this_week=this_week.get(w.DECLINED, 0),
        median_hours=median(hours) if hours else None,
        timed=len(hours),
        untrained=phrasings_untrained(),
    )


def phrasings_untrained() -> int:
    """Return how many phrasings were accepted since the examples were last taken for a training."""
    taken = DatasetSnapshot.objects.order_by("-created_at").values_list("created_at", flat=True).first()
    new = Correction.objects.filter(state=w.ACCEPTED, kind__in=LEARNED)
    return (new.filter(decided_at__gt=taken) if taken else new).count()


def corrections_per_week(pilot: Pilot) -> list[WeekOfCorrections]:
    """Return the weeks of a pilot that have corrections, the first one first (one query)."""
    rows = Correction.objects.filter(draft__pilot=pilot).exclude(WITHDRAWN).order_by()
    change = ~Q(kind=w.POSITIVE)
    weeks = rows.values("draft__week").annotate(
        found=Count("pk", filter=change),
        highest=Count("pk", filter=change & Q(priority=w.HIGHEST_PRIORITY)),
        waiting=Count("pk", filter=change & Q(state=w.PROPOSED)),
        accepted=Count("pk", filter=change & Q(state=w.ACCEPTED)),
        declined=Count("pk", filter=change & Q(state=w.DECLINED)),
        positives=Count("pk", filter=~change),
    )
    return [
        WeekOfCorrections(
            week=row["draft__week"],
            found=row["found"],
            highest=row["highest"],
            waiting=row["waiting"],
            accepted=row["accepted"],
            declined=row["declined"],
            positives=row["positives"],
        )
        for row in weeks.order_by("draft__week")[:MAX_WEEKS]
    ]
