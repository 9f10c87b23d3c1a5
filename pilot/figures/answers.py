"""Answers of the metrics endpoint: which pilot is meant, and its figures as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.errors import InvalidInput, NotFound
from pilot import workflow
from pilot.figures.frozen import metrics_json
from pilot.figures.selectors import Figures, figures_of, reviews_by_week
from pilot.gate import Verdict
from pilot.models import Pilot
from runtime.placement import CATEGORY, CHANNEL

LARGEST_ID = 2**63 - 1


def pilot_named(scope: str) -> Pilot:
    """Return the pilot of a scope: its id, ``channel:<name>`` or ``category:<id>``.

    Of several pilots on one channel or category the one that runs is meant, else the newest live one. Raises
    InvalidInput (bad_scope) and NotFound (pilot_not_found).
    """
    kind, colon, value = scope.partition(":")
    begun = Pilot.objects.exclude(started_at=None)
    if not colon and _is_id(scope):
        found = begun.filter(pk=int(scope)).first()
    elif kind == CHANNEL and value:
        found = _newest(begun.filter(channel=value))
    elif kind == CATEGORY and _is_id(value):
        found = _newest(begun.filter(category_id=int(value)))
    else:
        raise InvalidInput("Name a pilot by its id, as channel:<name> or as category:<id>.", code="bad_scope")
    if found is None:
        raise NotFound("No pilot on this scope has started.", code="pilot_not_found")
    return found


def metrics_answer(pilot: Pilot, week: date | None) -> dict[str, Any]:
    """Return the figures of a pilot, or of one of its weeks; raises NotFound (week_not_found).

    Evidence and gate are those of the whole pilot: one week allows nothing.
    """
    found = figures_of(pilot)
    return {
        "pilot": {
            "pilot_id": pilot.pk,
            "name": pilot.name,
            "scope": f"{pilot.scope_kind}:{pilot.scope_value}",
            "source": pilot.source,
            "stage": pilot.stage,
            "state": pilot.state,
        },
        **(_of_week(pilot, found, week) if week else {"week": None, **metrics_json(found.whole, live=True)}),
        "evidence": found.verdict.evidence,
        "gate": gate_json(found.verdict),
    }


def gate_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON."""
    return {
        "may_expand": verdict.may_expand,
        "conditions": [{"name": one.name, "holds": one.holds, "why": one.why} for one in verdict.conditions],
    }


def _of_week(pilot: Pilot, found: Figures, monday: date) -> dict[str, Any]:
    week = next((one for one in found.weeks if one.monday == monday), None)
    if week is None:
        weeks = [one.monday.isoformat() for one in found.weeks]
        raise NotFound(
            "This pilot has no such week.",
            code="week_not_found",
            extra={"first": weeks[0] if weeks else None, "last": weeks[-1] if weeks else None},
        )
    review = reviews_by_week(pilot).get(monday)
    return {
        "week": {
            "monday": monday.isoformat(),
            "is_partial": week.is_partial,
            "review": review.standing if review else None,
            "frozen": review.figures if review else None,
        },
        **metrics_json(week.metrics, live=week.is_partial),
    }


def _newest(pilots: Any) -> Pilot | None:
    live = pilots.filter(source=workflow.LIVE_SOURCE).order_by("-started_at", "-pk")
    found: Pilot | None = live.filter(state__in=workflow.CURRENT).first() or live.first()
    return found or pilots.order_by("-started_at", "-pk").first()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID
