"""What others may read of a pilot's figures: its weeks, the whole, the gate, and a line for the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from pilot import workflow
from pilot.drafts.collecting import drafts_collect
from pilot.figures.interactions import interactions_of
from pilot.gate import Verdict
from pilot.metrics import Metrics, metrics_of
from pilot.models import Pilot, WeeklyReview
from pilot.weeks import Told, Week, verdict_from, weeks_from


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one pilot at one moment."""

    conversations: tuple[Told, ...]
    weeks: tuple[Week, ...]
    whole: Metrics
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PilotSummary:
    """One current pilot in a line: for the dashboard. ``unsigned`` weeks wait, ``missed`` are overdue."""

    pilot_id: int
    name: str
    stage: str
    state: str
    resolved: int
    evidence: str
    may_expand: bool
    conditions_met: int
    conditions: int
    unsigned: int
    missed: int


def figures_of(pilot: Pilot, *, now: datetime | None = None, collect: bool = True) -> Figures:
    """Return everything that is measured of a pilot, from its rows.

    With ``collect`` turns that are no drafts yet become drafts first.
    """
    if collect:
        drafts_collect(pilot_id=pilot.pk)
    moment = now or timezone.now()
    conversations = interactions_of(pilot, now=moment)
    weeks = weeks_from(conversations, today=timezone.localdate(moment), until=_until(pilot, moment))
    whole = metrics_of([one.what for one in conversations])
    return Figures(tuple(conversations), tuple(weeks), whole, verdict_from(weeks, whole))


def weeks_of(pilot: Pilot, *, now: datetime | None = None) -> list[Week]:
    """Return the pilot's weeks, oldest first; the one that runs is marked partial."""
    return list(figures_of(pilot, now=now).weeks)


def whole_of(pilot: Pilot, *, now: datetime | None = None) -> Metrics:
    """Return the metrics of the whole pilot."""
    return figures_of(pilot, now=now).whole


def gate_of(pilot: Pilot, *, now: datetime | None = None) -> Verdict:
    """Return whether the figures of this pilot's scope allow it to expand: full weeks of this scope only."""
    return figures_of(pilot, now=now).verdict


def pilot_summary(*, limit: int = 3) -> list[PilotSummary]:
    """Return the pilots that run or are stopped, the newest first, each with its meter and its gate."""
    current = Pilot.objects.filter(state__in=workflow.CURRENT).order_by("-started_at", "-pk")[:limit]
    return [_summary(pilot) for pilot in current]


def reviews_by_week(pilot: Pilot) -> dict[date, WeeklyReview]:
    """Return the pilot's weekly reviews by Monday (1 query)."""
    return {review.week: review for review in pilot.weeks.select_related("pilot").order_by("week")}


def _until(pilot: Pilot, now: datetime) -> date | None:
    """Return up to which day there are weeks even if nothing happens in them."""
    if pilot.source != workflow.LIVE_SOURCE:
        return None
    if pilot.state in workflow.CURRENT:
        return timezone.localdate(now)
    return timezone.localdate(pilot.ended_at) if pilot.ended_at else None


def _summary(pilot: Pilot) -> PilotSummary:
    found = figures_of(pilot)
    waiting: Sequence[WeeklyReview] = [one for one in reviews_by_week(pilot).values() if not one.signed_at]
    return PilotSummary(
        pilot_id=pilot.pk,
        name=pilot.name,
        stage=pilot.stage,
        state=pilot.state,
        resolved=found.whole.resolved,
        evidence=found.verdict.evidence,
        may_expand=found.verdict.may_expand,
        conditions_met=sum(condition.holds for condition in found.verdict.conditions),
        conditions=len(found.verdict.conditions),
        unsigned=sum(not one.is_missed for one in waiting),
        missed=sum(one.is_missed for one in waiting),
    )
