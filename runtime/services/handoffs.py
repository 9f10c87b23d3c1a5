"""Move handoffs: queued → accepted → resolved or returned, or back into the queue, with the conversation.

Who may: a person with ``runtime.change_handoff``, or a key whose scope the endpoint has checked. A case that
a person has is that person's: others of the desk may only put it back into the queue, which is written down.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.timezone import localtime

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, StaleTransition
from core.models import User
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
    """Give the conversation to a person: to ``agent`` by name, or to the actor; say who has it already."""
    try:
        return _move(
            actor,
            handoff,
            to=workflow.ACCEPTED,
            conversation_to=workflow.WITH_HUMAN,
            accepted_at=timezone.now(),
            accepted_by=(agent or actor.label)[:MAX_LABEL_CHARACTERS],
            assignee_id=actor.user_id if not agent else None,
        )
    except Conflict as refusal:
        now = Handoff.objects.defer("packet").get(pk=handoff.pk)
        if now.state != workflow.ACCEPTED:
            raise
        kind = StaleTransition if isinstance(refusal, StaleTransition) else Conflict
        said = {**refusal.extra, "accepted_by": now.accepted_by}
        raise kind(_held_by(now), code=refusal.code, extra=said) from refusal


def handoff_resolve(*, actor: Actor, handoff: Handoff, outcome: str = "", note: str = "") -> Handoff:
    """Close the handoff and its conversation: the person has settled it."""
    if outcome and outcome not in Handoff.Outcome.values:
        raise InvalidInput("There is no such outcome.", code="bad_outcome")
    return _move(
        actor,
        handoff,
        to=workflow.RESOLVED,
        conversation_to=workflow.CLOSED,
        holder_only=True,
        finished_at=timezone.now(),
        finished_by=actor.label[:MAX_LABEL_CHARACTERS],
        outcome=outcome,
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
        holder_only=True,
        finished_at=timezone.now(),
        finished_by=actor.label[:MAX_LABEL_CHARACTERS],
        note=note,
    )


def handoff_release(*, actor: Actor, handoff: Handoff) -> Handoff:
    """Put an accepted case back into the queue, where its wait goes on from the request.

    Anybody of the desk may, so that no customer is stuck with somebody who has gone home.
    """
    return _move(
        actor,
        handoff,
        to=workflow.QUEUED,
        conversation_to=workflow.WAITING_FOR_HUMAN,
        queued_at=timezone.now(),
        accepted_at=None,
        accepted_by="",
        assignee_id=None,
    )


def handoff_pass(*, actor: Actor, handoff: Handoff, to: User) -> Handoff:
    """Give an accepted case to a colleague of the desk. Raises Conflict where it is no longer the actor's."""
    require(actor, PERMISSION, api_keys=True)
    if not (to.is_active and to.has_perm(PERMISSION)):
        raise InvalidInput(f"{to.get_username()} does not work at the desk.", code="not_at_the_desk")
    with transaction.atomic():
        locked = _lock(handoff)
        if locked.state != workflow.ACCEPTED:
            raise Conflict(f"This handoff is {locked.state}; claim it first.", code="not_accepted")
        holder_check(actor, locked)
        changes = {"assignee_id": to.pk, "accepted_by": to.get_username()[:MAX_LABEL_CHARACTERS]}
        Handoff.objects.filter(pk=handoff.pk).update(**changes)
        activity.record(
            actor,
            "handoff.passed",
            handoff,
            before={"accepted_by": locked.accepted_by},
            after={"accepted_by": changes["accepted_by"]},
        )
    for name, value in changes.items():
        setattr(handoff, name, value)
    return handoff


def holder_check(actor: Actor, handoff: Handoff) -> None:
    """Raise Conflict, saying who has it, where a person acts on somebody else's case."""
    if actor.kind == "user" and handoff.assignee_id != actor.id:
        raise Conflict(_held_by(handoff), code="held_by_other", extra={"accepted_by": handoff.accepted_by})


def _held_by(handoff: Handoff) -> str:
    since = f" since {localtime(handoff.accepted_at):%H:%M}" if handoff.accepted_at else ""
    return f"{handoff.accepted_by or 'Somebody else'} has this case{since}."


def _lock(handoff: Handoff) -> Handoff:
    """Return the row as it is now, locked until the transaction ends."""
    return Handoff.objects.select_for_update().defer("packet").get(pk=handoff.pk)


def _move(
    actor: Actor,
    handoff: Handoff,
    *,
    to: str,
    conversation_to: str,
    conversation_changes: dict[str, Any] | None = None,
    holder_only: bool = False,
    **changes: Any,
) -> Handoff:
    require(actor, PERMISSION, api_keys=True)
    before = {"state": handoff.state}
    with transaction.atomic():
        if holder_only and (now := _lock(handoff)).state == workflow.ACCEPTED:
            holder_check(actor, now)
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
