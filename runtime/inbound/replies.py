"""What people did in the other system: the reply that the customer really got, and the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.writing import write_transaction
from integrations.inbound.signing import of_iso
from runtime.inbound.settling import handled, ignored
from runtime.models import HumanReply, InboundEvent, InboundThread, Turn


@dataclass(frozen=True, slots=True)
class SentReply:
    """The first thing that a person wrote after a turn; ``more`` says how many messages followed it."""

    turn_id: int
    text: str
    by: str
    at: datetime
    more: int = 0


def human_reply_after(turn_ids: Collection[int]) -> Mapping[int, SentReply]:
    """Return what the customer got after each of these turns, where that is known (one query).

    A reply belongs to the last turn before it: where a customer wrote three messages and then got one reply,
    it is the third turn's.
    """
    found: dict[int, SentReply] = {}
    rows = HumanReply.objects.filter(turn_id__in=turn_ids).order_by("sent_at", "pk")
    for turn_id, text, by, at in rows.values_list("turn_id", "text", "sent_by", "sent_at"):
        first = found.get(turn_id)
        if first is None:
            found[turn_id] = SentReply(turn_id, text, by, at)
        else:
            found[turn_id] = SentReply(turn_id, first.text, first.by, first.at, first.more + 1)
    return found


def reply_take(event: InboundEvent) -> None:
    """Keep a person's reply with the turn before it; without one there is nothing to compare it with."""
    thread = event.thread
    turn = _last_turn(thread) if thread is not None else None
    if thread is None or turn is None:
        ignored(event, "No message of this conversation was drafted before it.")
        return
    said = event.content
    with write_transaction():
        HumanReply.objects.get_or_create(
            thread=thread,
            external_id=said["message_id"],
            defaults={
                "turn_id": turn.pk,
                "text": said["text"],
                "sent_by": said["by"],
                "sent_at": of_iso(said["at"]) or event.occurred_at,
            },
        )
        handled(event, "Kept with the draft, as what was really sent.", turn_id=turn.pk)


def conversation_end(event: InboundEvent) -> None:
    """Keep when the conversation was solved there."""
    if event.thread is None or event.thread.conversation_id is None:
        ignored(event, "No message of this conversation was drafted.")
        return
    with write_transaction():
        InboundThread.objects.filter(pk=event.thread.pk).update(ended_at=event.occurred_at)
        handled(event, "The time of the end is kept.")


def _last_turn(thread: InboundThread) -> Turn | None:
    turns = Turn.objects.filter(conversation_id=thread.conversation_id) if thread.conversation_id else None
    last = turns.order_by("-number").first() if turns is not None else None
    return None if last is None or last.decision == Turn.Decision.NOT_IN_PILOT else last
