"""What a customer's side may know of drafts: which reply is being checked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pilot import workflow
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.queue import reviewed_first
from pilot.models import Draft
from runtime.contracts import MAX_TURNS
from runtime.models import Turn
from runtime.placement import ASSIST

WAITING, SENT, NOT_SENT = "waiting", "sent", "not_sent"


@dataclass(frozen=True, slots=True)
class CheckedReply:
    """A reply that a person checks first: ``state`` is waiting, sent or not_sent."""

    turn_id: int
    state: str
    text: str
    sent_by: str
    at: datetime | None
    citations: tuple[dict[str, Any], ...]


def checked_replies(conversation_id: UUID) -> list[CheckedReply]:
    """Return what became of the conversation's replies that people check, first to last.

    Of a conversation in no such pilot there are none (one query).
    """
    turns = Turn.objects.filter(conversation=conversation_id, mode=ASSIST, delivered=False)
    rows = list(turns.exclude(decision=Turn.Decision.ESCALATE).order_by("number")[:MAX_TURNS])
    if not rows:
        return []
    drafts = {draft.turn_id: draft for draft in _drafts(rows)}
    if len(drafts) < len(rows):
        drafts_collect(pilot_id=rows[-1].pilot_id)
        drafts = {draft.turn_id: draft for draft in _drafts(rows)}
    return [_reply(turn, drafts.get(turn.pk)) for turn in rows]


def _drafts(turns: list[Turn]) -> Any:
    drafts = Draft.objects.filter(turn__in=[turn.pk for turn in turns]).select_related("pilot")
    return drafts.annotate(has_first=reviewed_first())


def _reply(turn: Turn, draft: Any) -> CheckedReply:
    if draft is not None and draft.sent_at is not None:
        told = tuple(turn.citations) if draft.sent_text == turn.reply else ()
        return CheckedReply(turn.pk, SENT, draft.sent_text, draft.sent_by, draft.sent_at, told)
    is_over = draft is not None and (draft.has_first or draft.pilot.state != workflow.RUNNING)
    return CheckedReply(turn.pk, NOT_SENT if is_over else WAITING, "", "", None, ())
