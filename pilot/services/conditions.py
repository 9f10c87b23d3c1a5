"""What must hold before a pilot may take its next step. Reads; decides nothing that a person decides."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Count, Max, Q

from pilot import workflow
from pilot.gate import Condition, Verdict
from pilot.models import Draft, Pilot
from pilot.services.gate_source import gate_of
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
    unsafe = sum(1 for count in last if count)
    return (
        Condition(
            "reviewed",
            len(last) >= FIRST_REVIEWED,
            f"{FIRST_REVIEWED} or more drafts are reviewed."
            if len(last) >= FIRST_REVIEWED
            else f"{len(last)} of {FIRST_REVIEWED} drafts are reviewed; review {FIRST_REVIEWED - len(last)} "
            "more at the review desk.",
        ),
        Condition(
            "safe",
            not unsafe,
            f"None of the last {len(last)} reviewed drafts was unsafe."
            if not unsafe
            else f"{unsafe} of the last {len(last)} reviewed drafts {'was' if unsafe == 1 else 'were'} unsafe: "
            f"mend what led to it, then review {FIRST_REVIEWED} drafts without one.",
        ),
    )
