"""What must hold before a pilot may take its next step. Reads; decides nothing that a person decides."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Count, Max, Q

from pilot import workflow
from pilot.figures.selectors import gate_of
from pilot.gate import Condition, Verdict
from pilot.models import Draft, Pilot
from runtime.placement import FULL, SHADOW

FIRST_REVIEWED = 20  # drafts that people must have read before they send what the agent wrote
Gate = Callable[[Pilot], Verdict]


def next_conditions(pilot: Pilot, *, gate: Gate = gate_of) -> tuple[Condition, ...]:
    """Return what the next stage of a running pilot asks for; nothing at the last one."""
    if pilot.stage == FULL:
        return ()
    return first_conditions(pilot) if pilot.stage == SHADOW else gate(pilot).conditions


def first_conditions(pilot: Pilot) -> tuple[Condition, ...]:
    """Return what leads out of shadow mode: enough drafts reviewed, and none of the last ones unsafe."""
    standing = Q(reviews__isnull=False, reviews__undone_at=None)
    read = (
        Draft.objects.filter(pilot=pilot)
        .filter(standing)
        .annotate(
            last_at=Max("reviews__reviewed_at"),
            unsafe=Count("pk", filter=Q(reviews__verdict=workflow.UNSAFE)),
        )
        .order_by("-last_at", "-pk")
        .values_list("unsafe", flat=True)[:FIRST_REVIEWED]
    )
    last = list(read)
    return (_enough(len(last)), _safe(len(last), sum(1 for count in last if count)))


def _enough(reviewed: int) -> Condition:
    short = FIRST_REVIEWED - reviewed
    why = (
        f"{reviewed} of {FIRST_REVIEWED} drafts are reviewed; review {short} more at the review desk."
        if short
        else f"{FIRST_REVIEWED} or more drafts are reviewed."
    )
    return Condition("reviewed", not short, why)


def _safe(reviewed: int, unsafe: int) -> Condition:
    verb = "was" if unsafe == 1 else "were"
    why = (
        f"{unsafe} of the last {reviewed} reviewed drafts {verb} unsafe: mend what led to it, then review "
        f"{FIRST_REVIEWED} drafts without one."
        if unsafe
        else f"None of the last {reviewed} reviewed drafts was unsafe."
        if reviewed
        else "No draft has been reviewed yet."
    )
    return Condition("safe", reviewed > 0 and not unsafe, why)
