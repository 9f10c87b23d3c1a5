"""The demo's people review three weeks of the rehearsal; the fourth waits for whoever opens the desk.

What a ticket is truly about is known for the demo's own tickets, so right and wrong are no dice. Beyond
that a few answers are found wanting in tone or completeness, fewer each week: people mend articles meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.utils import timezone

from core.actors import Actor
from core.draws import draw
from core.models import User
from pilot import workflow
from pilot.drafts.reviewing import review_record
from pilot.models import Draft, Review
from supportadmin.demo.pilot import NAME
from supportadmin.demo.tickets.source import DemoTickets

REVIEWED_WEEKS = 3
REVIEWERS = ("reviewer", "tagger", "support_lead")
WANTING = (0.3, 0.2, 0.12)  # of right drafts, by week
HANDS_OVER, ASKS = "escalate", "clarify"
CLOSING = "\n\nIf anything is left open, answer this message and a person reads it."


def drafts_review(people: Mapping[str, User]) -> int:
    """Let people review the first three weeks; return how many reviews there are. Idempotent by key."""
    drafts = Draft.objects.filter(pilot__name=NAME).select_related("turn", "conversation__ticket")
    weeks = sorted(set(drafts.values_list("week", flat=True)))[:REVIEWED_WEEKS]
    meanings = DemoTickets(timezone.now()).meanings()
    for draft in drafts.filter(week__in=weeks, missing__gt=0).order_by("happened_at", "pk"):
        for place in range(draft.missing):
            _review(draft, weeks.index(draft.week), meanings, [people[role] for role in REVIEWERS], place)
    return Review.objects.filter(draft__pilot__name=NAME).count()


def _review(draft: Draft, week: int, meanings: Mapping[str, str], people: Sequence[User], place: int) -> None:
    first = int(draw(str(draft.pk), "reviewer in the demo") * len(people))
    person = people[(first + place) % len(people)]
    review_record(
        actor=Actor.of_user(person),
        key=uuid5(NAMESPACE_URL, f"demo-review:{draft.pk}:{place}"),
        draft_id=draft.pk,
        seconds=8 + 40 * draw(f"{draft.pk}:{place}", "seconds of a review in the demo"),
        **_verdict(draft, week, meanings),
    )


def _verdict(draft: Draft, week: int, meanings: Mapping[str, str]) -> dict[str, Any]:
    turn, ticket = draft.turn, draft.conversation.ticket
    meaning = meanings.get(ticket.external_id, "") if ticket else ""
    if turn.decision in (HANDS_OVER, ASKS) or not turn.reply.strip():
        return (
            {"outcome": workflow.APPROVED, "verdict": workflow.CORRECT} if turn.reply.strip() else _rejected()
        )
    if turn.intent != meaning:
        if draft.sent_text:
            return {
                "outcome": workflow.EDITED,
                "verdict": workflow.WRONG_FACT,
                "final_text": draft.sent_text,
                "note": "It answers another question.",
            }
        return _rejected()
    chance = draw(str(draft.pk), "verdict of a review in the demo")
    if chance < WANTING[week] / 2:
        return {
            "outcome": workflow.EDITED,
            "verdict": workflow.INCOMPLETE,
            "final_text": turn.reply + CLOSING,
            "note": "Say what happens if it does not help.",
        }
    if chance < WANTING[week]:
        return {
            "outcome": workflow.EDITED,
            "verdict": workflow.WRONG_TONE,
            "final_text": f"Thanks for writing to us.\n\n{turn.reply}",
            "note": "Begin with a friendly line.",
        }
    return {"outcome": workflow.APPROVED, "verdict": workflow.CORRECT}


def _rejected() -> dict[str, Any]:
    return {
        "outcome": workflow.REJECTED,
        "verdict": workflow.WRONG_FACT,
        "note": "It answers another question.",
    }
