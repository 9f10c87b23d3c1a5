"""What a front end asks while people write: who has the conversation, and what is new in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.models import User
from runtime import workflow
from runtime.models import Conversation, Handoff, HandoffMessage

MESSAGES_PER_ANSWER = 100


@dataclass(frozen=True, slots=True)
class News:
    """The state of a conversation, its newest handoff if it had one, and messages after a cursor."""

    state: str
    handoff_id: int | None
    handoff_state: str
    agent: str
    messages: tuple[HandoffMessage, ...]
    next_after: int

    def as_json(self) -> dict[str, Any]:
        """Return the news as plain values; no field changes by the mere passing of time."""
        return {
            "state": self.state,
            "handoff_id": self.handoff_id,
            "handoff_state": self.handoff_state or None,
            "agent": self.agent or None,
            "messages": [message_json(one) for one in self.messages],
            "next_after": self.next_after,
        }


def conversation_news(conversation: Conversation, *, after: int = 0) -> News:
    """Return what has happened since the message with id ``after``, at most 100 messages, oldest first.

    The state is read before the messages: a message that precedes the end of a case is never missing where
    the end is shown.
    """
    handoffs = Handoff.objects.filter(conversation=conversation).defer("packet").select_related("assignee")
    handoff = handoffs.order_by("-pk").first()
    state = Conversation.objects.values_list("state", flat=True).get(pk=conversation.pk)
    rows = HandoffMessage.objects.filter(handoff__conversation=conversation, pk__gt=after).order_by("pk")
    messages = tuple(rows[:MESSAGES_PER_ANSWER])
    has_agent = handoff is not None and handoff.state != workflow.QUEUED
    return News(
        state=state,
        handoff_id=handoff.pk if handoff else None,
        handoff_state=handoff.state if handoff else "",
        agent=_agent_of(handoff) if handoff and has_agent else "",
        messages=messages,
        next_after=messages[-1].pk if messages else after,
    )


def customers_name_of(person: User) -> str:
    """Return how customers get to know a person of the desk: by the first name, else the user name."""
    return person.first_name or person.get_username()


def _agent_of(handoff: Handoff) -> str:
    return customers_name_of(handoff.assignee) if handoff.assignee else handoff.accepted_by


def message_json(message: HandoffMessage) -> dict[str, Any]:
    """Return one message as bots and pages get it."""
    return {
        "id": message.pk,
        "handoff_id": message.handoff_id,
        "sender": message.sender,
        "text": message.text,
        "sent_by": message.sent_by,
        "sent_at": message.sent_at,
    }
