"""What others may read of pilots."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from pilot import workflow
from pilot.drafts.collecting import monday_of
from pilot.models import Draft, Pilot
from runtime.placement import Scope

MAX_SCOPES = 100
MAX_LINES = 10


@dataclass(frozen=True, slots=True)
class PilotLine:
    """A pilot that runs or is stopped, in a line; ``week`` counts Mondays since its start, from 1."""

    pilot_id: int
    name: str
    state: str
    stage: str
    source: str
    week: int
    waiting: int

    @property
    def is_running(self) -> bool:
        """Whether it can be stopped."""
        return self.state == workflow.RUNNING

    @property
    def text(self) -> str:
        """The line as people read it, without the name."""
        what = "stopped, people have every conversation" if not self.is_running else self.stage
        if self.source == workflow.REPLAY_SOURCE:
            what = "rehearsal on closed tickets" if self.is_running else "rehearsal, stopped"
        drafts = "no draft waits" if not self.waiting else f"{self.waiting:,} drafts wait"
        return f"{what}, week {self.week}, {'1 draft waits' if self.waiting == 1 else drafts}"


def scopes_running() -> tuple[Scope, ...]:
    """Return the scopes of the live pilots that decide about conversations (one query)."""
    rows = Pilot.objects.filter(source=workflow.LIVE_SOURCE, state__in=workflow.CURRENT).order_by("pk")
    fields = rows.values_list("pk", "scope_kind", "channel", "category_id", "stage", "percent", "state")
    return tuple(
        Scope(
            pilot_id=pk,
            kind=kind,
            value=channel if kind == Pilot.ScopeKind.CHANNEL else str(category_id),
            stage=stage,
            percent=percent,
            halted=state == workflow.HALTED,
        )
        for pk, kind, channel, category_id, stage, percent, state in fields[:MAX_SCOPES]
    )


def names_of(pilot_ids: Collection[int]) -> Mapping[int, str]:
    """Return the names of pilots, by id (one query)."""
    return dict(Pilot.objects.filter(pk__in=pilot_ids).values_list("pk", "name"))


def current_pilots() -> list[PilotLine]:
    """Return the pilots that run or are stopped, live ones first, with the drafts that wait (one query)."""
    rows = with_counts(Pilot.objects.filter(state__in=workflow.CURRENT)).order_by("source", "-pk")
    now = timezone.now()
    return [
        PilotLine(
            pilot_id=pilot.pk,
            name=pilot.name,
            state=pilot.state,
            stage=pilot.stage,
            source=pilot.source,
            week=week_of(pilot.started_at, now),
            waiting=pilot.waiting,  # type: ignore[attr-defined]  # annotated
        )
        for pilot in rows[:MAX_LINES]
    ]


def with_counts(pilots: QuerySet[Pilot]) -> QuerySet[Pilot]:
    """Annotate pilots with ``drafted``, ``sampled``, ``reviewed`` and ``waiting`` drafts."""
    drafts = Draft.objects.filter(pilot=OuterRef("pk")).order_by().values("pilot")

    def count(**only: Any) -> Coalesce:
        found = drafts.filter(**only).annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(found, output_field=IntegerField()), 0)

    return pilots.annotate(
        drafted=count(),
        sampled=count(in_sample=True),
        reviewed=count(in_sample=True, missing=0),
        waiting=count(missing__gt=0),
    )


def week_of(start: datetime | None, moment: datetime) -> int:
    """Return the week of a pilot at a moment, by Mondays, from 1 on; 0 before the start."""
    if start is None:
        return 0
    return (monday_of(moment) - monday_of(start)).days // 7 + 1
