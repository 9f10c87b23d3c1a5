"""Conversations, turns and handoffs at given times, without asking the agent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.actors import Actor
from core.models import User
from runtime.models import Conversation, Handoff, HandoffMessage, Turn

SYSTEM = Actor.system("tests")
PACKET: dict[str, Any] = {
    "transcript": [
        {
            "turn": 1,
            "role": "customer",
            "text": "I was charged 49 EUR twice on March 3, invoice INV-1042. Ada@northwind.example",
            "at": "2026-03-05T10:00:00+00:00",
        }
    ],
    "customer": {"external_id": "acct-881", "tier": "team", "page": "/billing", "verified": True},
    "data_pulled": [],
    "attempted_steps": [],
    "complete": True,
}


def conversation(at: datetime, **fields: Any) -> Conversation:
    """Make a conversation that began at a time."""
    made = Conversation.objects.create(**{"channel": "web", "tier": "team", **fields})
    Conversation.objects.filter(pk=made.pk).update(created_at=at)
    return made


def turn(
    at: datetime,
    decision: str = "answer",
    *,
    trigger: str = "",
    into: Conversation | None = None,
    **more: Any,
) -> Turn:
    """Make a turn of a conversation (of a new one) at a time; an escalation has its handoff in the queue."""
    owner = into or conversation(at)
    escalates = decision == "escalate"
    trigger = trigger or ("low_confidence" if escalates else "")
    made = Turn.objects.create(
        **{
            "conversation": owner,
            "number": owner.turns.count() + 1,
            "text": "Where is my invoice?",
            "decision": decision,
            "reason": trigger or "answered",
            "mode": "live",
            "delivered": True,
            "reply": "Under Billing.",
            "intent": "billing_inquiry",
            "rule_trigger": trigger,
            "rule_kind": "soft" if trigger else "",
            **more,
        }
    )
    Turn.objects.filter(pk=made.pk).update(created_at=at)
    if escalates:
        Handoff.objects.create(
            conversation=owner,
            turn=made,
            reason=trigger,
            rule_kind="soft",
            rule_trigger=trigger,
            packet=PACKET,
            complete=True,
            state="queued",
            requested_at=at,
            queued_at=at,
        )
    return made


def finished(at: datetime, *replies: str, by: str = "kim", waited_seconds: int = 60, **more: Any) -> Handoff:
    """Make a handoff that a person accepted, wrote in and resolved."""
    handoff = turn(at, "escalate").handoff
    for text in replies:
        HandoffMessage.objects.create(handoff=handoff, sender="human", text=text, sent_by=by)
    changes = {
        "state": "resolved",
        "accepted_at": at + timedelta(seconds=waited_seconds),
        "accepted_by": by,
        "finished_at": at + timedelta(hours=1),
        "finished_by": by,
        **more,
    }
    Handoff.objects.filter(pk=handoff.pk).update(**changes)
    handoff.refresh_from_db()
    return handoff


def actor(user: User) -> Actor:
    return Actor.of_user(user)
