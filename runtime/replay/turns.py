"""Turns as cases: the facts that they were decided on, and what became of them. Reads only."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from escalation.backtest.cases import TURN, Case, turn_truth
from escalation.contracts import TurnFacts
from runtime import workflow
from runtime.live_interactions import TRYOUT_CHANNELS
from runtime.models import Feedback, Handoff, Turn

READ_ROWS = 1_000
HANDLING_DAYS = 90
FEWEST_HANDOFFS = 5
MAX_HANDOFFS = 5_000


def turns_since(days: int) -> QuerySet[Turn]:
    """Return the turns of the last days that served customers; our own people's trials are not among them."""
    since = timezone.now() - timedelta(days=days)
    return (
        Turn.objects.served().filter(created_at__gte=since).exclude(conversation__channel__in=TRYOUT_CHANNELS)
    )


def turn_cases(*, days: int, limit: int) -> tuple[list[Case], int]:
    """Return the newest turns as cases, and how many older ones the limit leaves out."""
    turns = turns_since(days)
    rows = turns.order_by("-pk").values_list(
        "pk",
        "decision",
        "trace__facts",
        "handoff__state",
        "feedback__rating",
        "feedback__csat",
        "feedback__reopened",
    )
    found = []
    for pk, decision, facts, handoff, rating, csat, reopened in rows[:limit].iterator(READ_ROWS):
        if facts is None:
            continue
        truth = turn_truth(
            escalated=decision == Turn.Decision.ESCALATE,
            handoff=handoff or "",
            rating=rating or "",
            csat=csat,
            reopened=reopened,
        )
        found.append(Case(TURN, pk, TurnFacts.from_json(facts), truth))
    return found, max(0, turns.count() - limit) if len(found) >= limit else 0


def turns_state(days: int) -> str:
    """Return what changes when turns, verdicts on them or their handoffs do."""
    since = timezone.now() - timedelta(days=days)
    turns = turns_since(days).aggregate(n=Count("pk"), last=Max("pk"))
    verdicts = Feedback.objects.filter(turn__created_at__gte=since).aggregate(
        n=Count("pk"), last=Max("updated_at")
    )
    handoffs = Handoff.objects.filter(requested_at__gte=since).aggregate(last=Max("finished_at"))
    return ":".join(str(value) for found in (turns, verdicts, handoffs) for value in found.values())


def handling_minutes() -> float | None:
    """Return the median minutes from acceptance to resolution; None where fewer than five are known."""
    rows = Handoff.objects.filter(
        state=workflow.RESOLVED,
        accepted_at__isnull=False,
        finished_at__gte=timezone.now() - timedelta(days=HANDLING_DAYS),
    ).order_by("-finished_at")
    times = [
        (finished - accepted).total_seconds() / 60
        for accepted, finished in rows.values_list("accepted_at", "finished_at")[:MAX_HANDOFFS]
        if accepted and finished
    ]
    return round(median(times), 1) if len(times) >= FEWEST_HANDOFFS else None
