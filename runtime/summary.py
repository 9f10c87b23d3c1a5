"""Figures of the last days' turns, handoffs and feedback, counted from rows. Judges none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate

from runtime import workflow
from runtime.models import ActionLedger, Feedback, Handoff, Trace, Turn

LATENCY_SAMPLE = 2_000  # the newest turns: bounds the query, and old ones say little about now


@dataclass(frozen=True, slots=True)
class RuntimeSummary:
    """What the dashboard shows of the agent at work.

    ``per_day`` maps (day, decision) to a number of turns that served a customer; those that were ``drafted``
    in shadow mode and ``left_to_people`` stand beside them. ``p95_ms`` is the 95th percentile of the time a
    turn took to decide.
    """

    per_day: Mapping[tuple[date, str], int]
    decisions: Mapping[str, int]
    p95_ms: float | None
    handoffs: int
    complete_handoffs: int
    open_handoffs: int
    oldest_open_handoff: datetime | None
    top_reason: str
    thumbs_up: int
    thumbs_down: int
    unknown_actions: int = 0
    drafted: int = 0
    left_to_people: int = 0


def runtime_summary(*, since: datetime) -> RuntimeSummary:
    """Count turns, handoffs and feedback since ``since``; open handoffs are counted however old."""
    rows = (
        Turn.objects.served()
        .filter(created_at__gte=since)
        .annotate(day=TruncDate("created_at"))
        .order_by()
        .values_list("day", "decision")
        .annotate(count=Count("pk"))
    )
    per_day = {(day, decision): count for day, decision, count in rows}
    decisions: Counter[str] = Counter()
    for (_, decision), count in per_day.items():
        decisions[decision] += count
    handoffs = Handoff.objects.filter(requested_at__gte=since)
    reasons = handoffs.order_by().values_list("reason").annotate(count=Count("pk"))
    top_reason = max(reasons, key=lambda row: (row[1], row[0]), default=("", 0))[0]
    waiting = Handoff.objects.filter(state__in=workflow.OPEN_HANDOFF).aggregate(
        count=Count("pk"), oldest=Min("requested_at")
    )
    ratings = (
        Feedback.objects.on_served()
        .filter(created_at__gte=since)
        .aggregate(
            up=Count("pk", filter=Q(rating=Feedback.Rating.UP)),
            down=Count("pk", filter=Q(rating=Feedback.Rating.DOWN)),
        )
    )
    return RuntimeSummary(
        per_day=per_day,
        decisions=decisions,
        p95_ms=_p95_ms(since),
        handoffs=sum(count for _, count in reasons),
        complete_handoffs=handoffs.filter(complete=True).count(),
        open_handoffs=waiting["count"],
        oldest_open_handoff=waiting["oldest"],
        top_reason=str(dict(Handoff._meta.get_field("reason").flatchoices).get(top_reason, "")),
        thumbs_up=ratings["up"],
        thumbs_down=ratings["down"],
        unknown_actions=ActionLedger.objects.filter(state=workflow.UNKNOWN).count(),
        drafted=Turn.objects.drafted().filter(created_at__gte=since).count(),
        left_to_people=Turn.objects.left_to_people().filter(created_at__gte=since).count(),
    )


def _p95_ms(since: datetime) -> float | None:
    decided = Trace.objects.filter(turn__created_at__gte=since, turn__conversation__ticket=None)
    newest = decided.exclude(turn__decision=Turn.Decision.NOT_IN_PILOT).order_by("-turn_id")
    times = list(newest.values_list("total_ms", flat=True)[:LATENCY_SAMPLE])
    return float(np.percentile(times, 95)) if times else None
