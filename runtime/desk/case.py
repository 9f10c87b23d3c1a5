"""One case as the desk shows it: what was said and done, the packet in words, and what is new in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.models import Activity
from escalation.selectors import why_sentence
from runtime import workflow
from runtime.desk.lists import OUTCOME_LABELS, REASON_LABELS, promise_of
from runtime.desk.wording import packet_shown
from runtime.markdown_words import markdown_words
from runtime.messages import message_json
from runtime.models import Handoff
from runtime.repeats.selectors import packet_glance

MAX_EVENTS = 50  # the newest moves that are told between the messages
MOVES = {
    "handoff.accepted": "claimed the case",
    "handoff.queued": "put the case back into the queue",
    "handoff.passed": "passed the case to",
    "handoff.resolved": "resolved the case",
    "handoff.returned": "gave the conversation back to the agent",
}


def case_shown(handoff: Handoff, user_id: int) -> dict[str, Any]:
    """Return all that the right of the desk shows of one case; the packet must be loaded."""
    promised_until, minutes = promise_of(handoff.requested_at, handoff.turn.wait_estimate_seconds)
    return {
        **case_news(handoff, user_id, after=0),
        **packet_shown(handoff.packet),
        "reason": REASON_LABELS.get(handoff.reason, handoff.reason),
        "complete": handoff.complete,
        "team": handoff.team.name if handoff.team else "",
        "rule": why_sentence(handoff.rule_id, handoff.rule_version) or "",
        "glance": packet_glance(handoff.packet),
        "contact_email": handoff.contact_email,
        "requested_at": handoff.requested_at,
        "promised_until": promised_until,
        "promised_minutes": minutes,
        "transcript": [
            {**line, "text": markdown_words(line["text"])} if line["role"] == "agent" else line
            for line in handoff.packet.get("transcript") or []
        ],
        "moves": _moves(handoff),
        "outcome": OUTCOME_LABELS.get(handoff.outcome, ""),
        "note": handoff.note,
        "conversation_id": str(handoff.conversation_id),
    }


def case_news(handoff: Handoff, user_id: int, *, after: int) -> dict[str, Any]:
    """Return who has the case and the messages after one; ``version`` changes with the holder."""
    messages = list(handoff.messages.filter(pk__gt=after).order_by("pk"))  # bounded by MAX_MESSAGES
    return {
        "id": handoff.pk,
        "state": handoff.state,
        "state_label": handoff.get_state_display(),
        "holder": handoff.accepted_by,
        "mine": handoff.state == workflow.ACCEPTED and handoff.assignee_id == user_id,
        "version": f"{handoff.state}:{handoff.accepted_by}:{_stamp(handoff.accepted_at)}",
        "messages": [message_json(one) for one in messages],
        "next_after": messages[-1].pk if messages else after,
    }


def _stamp(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _moves(handoff: Handoff) -> list[dict[str, Any]]:
    """Return who moved the case when, first to last."""
    rows = (
        Activity.objects.filter(
            target_type=Handoff._meta.label_lower, target_id=str(handoff.pk), verb__in=MOVES
        )
        .order_by("-pk")
        .values("verb", "actor_label", "after", "at")[:MAX_EVENTS]
    )
    return [
        {
            "at": row["at"],
            "text": f"{row['actor_label']} {MOVES[row['verb']]}"
            + (f" {row['after'].get('accepted_by', '')}" if row["verb"] == "handoff.passed" else ""),
        }
        for row in reversed(rows)
    ]
