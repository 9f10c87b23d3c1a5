"""Move handoffs: queued → accepted → resolved or returned. The conversation moves in the same transaction.

Who may: a person with ``runtime.change_handoff``, or a key whose scope the endpoint has checked.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.permissions import require
from core.transitions import move
from runtime import workflow
from runtime.delivery.queueing import deliveries_queue
from runtime.models import Conversation, Handoff

PERMISSION = "runtime.change_handoff"
MAX_LABEL_CHARACTERS = 150


def handoff_queue(*, actor: Actor, handoff: Handoff) -> Handoff:
    """Put a requested handoff into the queue of people."""
    with transaction.atomic(savepoint=False):
        move(handoff, to=workflow.QUEUED, allowed=workflow.HANDOFF, queued_at=timezone.now())
        deliveries_queue(handoff=handoff, event=workflow.QUEUED)
    return handoff


def handoff_accept(*, actor: Actor, handoff: Handoff, agent: str = "") -> Handoff:
    """Give the conversation to a person: to ``agent`` by name, or to the actor."""
    return _move(
        actor,
        handoff,
        to=workflow.ACCEPTED,
        conversation_to=workflow.WITH_HUMAN,
        accepted_at=timezone.now(),
        accepted_by=(agent or actor.label)[:MAX_LABEL_CHARACTERS],
    )


def handoff_resolve(*, actor: Actor, handoff: Handoff, note: str = "") -> Handoff:
    """Close the handoff and its conversation: the person has settled it."""
    return _move(
        actor,
        handoff,
        to=workflow.RESOLVED,
        conversation_to=workflow.CLOSED,
        finished_at=timezone.now(),
        finished_by=actor.label[:MAX_LABEL_CHARACTERS],
        note=note,
    )


def handoff_return(*, actor: Actor, handoff: Handoff, note: str = "") -> Handoff:
    """Give the conversation back to the agent, which starts afresh: nothing said so far counts again."""
    return _move(
        actor,
        handoff,
        to=workflow.RETURNED,
        conversation_to=workflow.OPEN,
        conversation_changes={"context_start": F("turn_count"), "clarifications_used": 0},
        finished_at=timezone.now(),
        finished_by=actor.label[:MAX_LABEL_CHARACTERS],
        note=note,
    )


def _move(
    actor: Actor,
    handoff: Handoff,
    *,
    to: str,
    conversation_to: str,
    conversation_changes: dict[str, Any] | None = None,
    **changes: Any,
) -> Handoff:
    require(actor, PERMISSION, api_keys=True)
    before = {"state": handoff.state}
    with transaction.atomic():
        move(handoff, to=to, allowed=workflow.HANDOFF, **changes)
        move(
            Conversation.objects.get(pk=handoff.conversation_id),
            to=conversation_to,
            allowed=workflow.CONVERSATION,
            updated_at=timezone.now(),
            **(conversation_changes or {}),
        )
        activity.record(actor, f"handoff.{to}", handoff, before=before, after={"state": to})
        deliveries_queue(handoff=handoff, event=to)
    return handoff
