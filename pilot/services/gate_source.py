"""What the figures of a pilot allow, by its weeks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from pilot import workflow
from pilot.drafts.collecting import monday_of
from pilot.gate import Verdict, verdict_of
from pilot.metrics import Interaction, metrics_of
from pilot.models import Draft, Pilot, Review
from pilot.resolutions import Ending, resolution_of
from runtime.models import Feedback, Turn


def gate_of(pilot: Pilot) -> Verdict:
    """Return the verdict over the full weeks of a pilot; the running week is in none."""
    now = timezone.now()
    running = monday_of(now)
    weeks: dict[date, list[Interaction]] = defaultdict(list)
    for week, interaction in _interactions(pilot):
        if week < running:
            weeks[week].append(interaction)
    listed = [metrics_of(weeks[week]) for week in sorted(weeks)]
    return verdict_of(listed, metrics_of([one for week in weeks.values() for one in week]))


def _interactions(pilot: Pilot) -> Iterable[tuple[date, Interaction]]:
    """Return each conversation of the pilot with the week of its first draft."""
    now = timezone.now()
    standing = Review.objects.filter(draft=OuterRef("pk"), undone_at=None)
    drafts = (
        Draft.objects.filter(pilot=pilot)
        .annotate(reviewed=Exists(standing), corrected=Exists(standing.filter(~Q(verdict=workflow.CORRECT))))
        .select_related("turn")
        .only("conversation_id", "happened_at", "week", "turn__decision")
        .order_by("conversation_id", "happened_at")
    )
    ratings = _ratings(pilot)
    grouped: dict[object, list[Draft]] = defaultdict(list)
    for draft in drafts.iterator(chunk_size=2_000):
        grouped[draft.conversation_id].append(draft)
    for conversation, found in grouped.items():
        first, last = found[0], found[-1]
        csat = ratings.get(conversation)
        ending = Ending(
            last_at=last.happened_at,
            answered=last.turn.decision in (Turn.Decision.ANSWER, Turn.Decision.ACT),
            escalated=any(one.turn.decision == Turn.Decision.ESCALATE for one in found),
            came_back=any(one.corrected for one in found),  # type: ignore[attr-defined]  # annotated
            csat=csat,
        )
        yield (
            first.week,
            Interaction(
                resolution=resolution_of(ending, now=now),
                minutes=(last.happened_at - first.happened_at).total_seconds() / 60,
                csat=csat,
                reviewed=any(one.reviewed for one in found),  # type: ignore[attr-defined]
                corrected=any(one.corrected for one in found),  # type: ignore[attr-defined]
            ),
        )


def _ratings(pilot: Pilot) -> dict[object, int]:
    """Return the last rating of each conversation of the pilot that has one."""
    rated = Feedback.objects.filter(turn__pilot_id=pilot.pk, csat__isnull=False).order_by("pk")
    rows = rated.values_list("turn__conversation_id", "csat")
    return {conversation: csat for conversation, csat in rows if csat is not None}
