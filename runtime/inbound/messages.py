"""A customer's message from another system: a draft in a pilot, words for whoever has it, or nothing."""

from __future__ import annotations

import uuid
from typing import Any

from core.actors import Actor
from core.errors import Conflict, NotFound
from runtime import workflow
from runtime.contracts import Customer, TurnRequest, TurnResult
from runtime.inbound.settling import handled, ignored
from runtime.models import Conversation, InboundEvent, InboundThread, Turn
from runtime.placement import HALTED, LIVE, NO_WAY_BACK, OUT_OF_SCOPE, Placement, place
from runtime.ports import running_scopes
from runtime.services.messages import message_from_customer
from runtime.services.turns import turn_take
from runtime.turn_state import Engines

KEYS = uuid.UUID("5a3f2e6c-8f0e-4b0b-9a55-0d6a6f1d7c11")  # of messages that are made from events
BEGIN_ANEW = ("conversation_closed", "conversation_full", "other_customer", "conversation_not_found")
WHY_NOT = {
    OUT_OF_SCOPE: "No pilot covers the channel {channel} or its category.",
    HALTED: "The pilot is stopped by the kill switch.",
    NO_WAY_BACK: "This customer is served live, and a webhook has no way to send the reply back.",
}
NO_PILOT = "No pilot runs: a webhook's messages are only drafted in a pilot's shadow or assist stage."


def message_take(event: InboundEvent, *, engines: Engines) -> None:
    """Draft a reply in the pilot that covers the conversation, or keep the event as ignored and say why."""
    thread = _thread(event)
    conversation = _current(thread)
    actor = Actor.system(f"webhook: {event.source.name}")
    if conversation is not None and conversation.state in workflow.WITH_PEOPLE:
        _to_person(actor, event, conversation)
        return
    request = _request(event, conversation)
    why = _why_not(request, conversation)
    if why:
        ignored(event, why)
        return
    try:
        _to_agent(actor, event, thread, request, engines)
    except (Conflict, NotFound) as refusal:
        if conversation is None or refusal.code not in BEGIN_ANEW:
            raise
        _to_agent(actor, event, thread, _request(event, None), engines)


def customer_name(event: InboundEvent) -> str:
    """Return by what the customer is known: the other system's id, or else the conversation's."""
    return str(event.content.get("customer_id") or f"{event.source.system}:{_thread(event).external_id}")[
        :128
    ]


def _to_agent(
    actor: Actor, event: InboundEvent, thread: InboundThread, request: TurnRequest, engines: Engines
) -> None:
    cut = " Only its first 4,000 characters were read." if event.content.get("cut") else ""

    def keep(result: TurnResult) -> None:
        if result.decision == Turn.Decision.NOT_IN_PILOT:
            reason = _in_words(Placement(reason=result.reason, in_scope=False), request.channel)
            ignored(event, reason, turn_id=result.turn_id)
        else:
            handled(event, f"Drafted in {result.mode} mode: {result.decision}.{cut}", turn_id=result.turn_id)
        InboundThread.objects.filter(pk=thread.pk).update(
            conversation_id=result.conversation_id, ended_at=None
        )
        thread.conversation_id, thread.ended_at = result.conversation_id, None

    turn_take(actor=actor, request=request, on_recorded=keep, engines=engines)


def _to_person(actor: Actor, event: InboundEvent, conversation: Conversation) -> None:
    """Give the words to the person who has the conversation; twice is once, by the event's key."""
    key = uuid.uuid5(KEYS, str(event.pk))
    message_from_customer(actor=actor, conversation=conversation, text=event.content["text"], key=key)
    handled(event, "Given to the person who has the conversation.")


def _request(event: InboundEvent, conversation: Conversation | None) -> TurnRequest:
    said: dict[str, Any] = event.content
    return TurnRequest(
        text=said["text"],
        conversation_id=conversation.pk if conversation else None,
        channel=event.source.channel or said["channel"],
        customer=Customer(
            external_id=customer_name(event),
            user_type=said["user_type"],
            tier=said["tier"],
            locale=said["locale"],
            verified=said["verified"],
        ),
        retry_key=f"inbound:{event.pk}",
        may_deliver=False,
    )


def _why_not(request: TurnRequest, conversation: Conversation | None) -> str:
    """Return why no draft is made, "" where one is, or where the category has to be found out first."""
    scopes = running_scopes()
    if not scopes:
        return NO_PILOT
    placed = place(
        scopes,
        channel=conversation.channel if conversation else request.channel,
        customer=(conversation.customer_external_id if conversation else "") or request.customer.external_id,
        placed_in=conversation.pilot_id if conversation else None,
    )
    if placed is None or placed.is_reviewed:
        return ""
    return _in_words(placed, request.channel)


def _in_words(placed: Placement, channel: str) -> str:
    reason = NO_WAY_BACK if placed.in_scope and placed.mode == LIVE else placed.reason
    return WHY_NOT.get(reason, NO_PILOT).replace("{channel}", channel)


def _thread(event: InboundEvent) -> InboundThread:
    if event.thread is None:
        raise LookupError("A message belongs to a conversation.")
    return event.thread


def _current(thread: InboundThread) -> Conversation | None:
    return Conversation.objects.filter(pk=thread.conversation_id).first() if thread.conversation_id else None
