"""Reads of the runtime app: who may see which conversation, and the event log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.models import ApiKey
from escalation.attempts import EarlierTurn
from escalation.contracts import TurnFacts
from runtime.models import Conversation, Feedback, Handoff, HandoffMessage, Turn
from runtime.packet import PastMessage, PastTurn

MAX_CHANNELS = 50
ONLY_DRAFTED = "only_drafted"
TRANSCRIPT_MAX_MESSAGES = 1_000  # the newest: a handoff holds half as many
# On PostgreSQL a turn with a lower id can be committed after one with a higher id. A reader that has passed
# it would never see it, so the log ends this far before now. Writing a turn takes milliseconds.
EVENTS_SETTLE_SECONDS = 2


def conversations_visible_to(key: ApiKey) -> QuerySet[Conversation]:
    """Return the key's own conversations; with the scope ``read``, everybody's."""
    if ApiKey.Scope.READ in key.scopes:
        return Conversation.objects.all()
    return Conversation.objects.filter(api_key=key)


def channels_seen() -> list[str]:
    """Return the channels that customers have written on, at most MAX_CHANNELS."""
    rows = Conversation.objects.order_by("channel").values_list("channel", flat=True).distinct()
    return list(rows[:MAX_CHANNELS])


def turns_visible_to(key: ApiKey) -> QuerySet[Turn]:
    """Return the turns of the conversations that the key sees."""
    if ApiKey.Scope.READ in key.scopes:
        return Turn.objects.all()
    return Turn.objects.filter(conversation__api_key=key)


def handoffs_visible_to(key: ApiKey) -> QuerySet[Handoff]:
    """Return the handoffs of the conversations that the key sees."""
    if ApiKey.Scope.READ in key.scopes:
        return Handoff.objects.all()
    return Handoff.objects.filter(conversation__api_key=key)


def past_turns(conversation: Conversation, *, before: int) -> list[PastTurn]:
    """Return the turns under number ``before``, first to last, as a packet tells them (MAX_TURNS at most).

    What was only drafted nobody has read: its reply and citations are no part of what was said. In assist
    what people let through is.
    """
    rows = (
        conversation.turns.filter(number__lt=before)
        .order_by("number")
        .only(
            *("conversation_id", "number", "text", "reply", "sent_text", "delivered"),
            *("decision", "reason", "citations", "created_at"),
        )
    )
    return [
        PastTurn(
            turn.number, turn.text, turn.said, turn.decision, turn.reason, turn.citations, turn.created_at
        )
        if turn.said
        else PastTurn(turn.number, turn.text, "", turn.decision, ONLY_DRAFTED, (), turn.created_at)
        for turn in rows
    ]


def earlier_turns(conversation: Conversation) -> tuple[EarlierTurn, ...]:
    """Return what counts of the turns since a person last settled something, oldest first; one query.

    What was only drafted is none of the agent's attempts: its customer never read it.
    """
    rows = (
        conversation.turns.filter(number__gt=conversation.context_start)
        .exclude(delivered=False, sent_text="")
        .order_by("number")
        .values_list("text", "intent", "is_fallback", "decision", "reason", "feedback__rating")
    )
    return tuple(
        EarlierTurn(text, "" if is_fallback else intent, decision, reason, rating == Feedback.Rating.DOWN)
        for text, intent, is_fallback, decision, reason, rating in rows
    )


def email_was_asked(conversation: Conversation) -> bool:
    """Whether an earlier handoff of the conversation asked for an e-mail address, or has one."""
    handoffs = Handoff.objects.filter(conversation=conversation)
    return handoffs.filter(Q(contact_asked_at__isnull=False) | ~Q(contact_email="")).exists()


def past_messages(conversation: Conversation) -> list[PastMessage]:
    """Return what people and the customer wrote to each other, first to last (the newest 1,000)."""
    rows = (
        HandoffMessage.objects.filter(handoff__conversation=conversation)
        .order_by("-pk")
        .values_list("handoff__turn__number", "sender", "text", "sent_by", "sent_at")
    )
    return [PastMessage(*row) for row in reversed(rows[:TRANSCRIPT_MAX_MESSAGES])]


def turn_events(turns: QuerySet[Turn], *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return at most ``limit`` decisions after turn id ``after``, oldest first, each reproducible."""
    rows = turns.filter(pk__gt=after).select_related("conversation", "trace").order_by("pk")
    if connection.vendor != "sqlite":
        rows = rows.filter(created_at__lt=timezone.now() - timedelta(seconds=EVENTS_SETTLE_SECONDS))
    return [turn_event(turn) for turn in rows[:limit]]


def turn_event(turn: Turn) -> dict[str, Any]:
    """Return one decision with all that it was made of: ``decide(facts, rule set)`` gives it again."""
    conversation = turn.conversation
    return {
        "id": turn.pk,
        "type": "turn.decided",
        "at": turn.created_at.isoformat(),
        "conversation_id": str(turn.conversation_id),
        "number": turn.number,
        "channel": conversation.channel,
        "customer_external_id": conversation.customer_external_id,
        "text": turn.text,
        "page": turn.page,
        "mode": turn.mode,
        "delivered": turn.delivered,
        "pilot_id": turn.pilot_id,
        "ticket_id": conversation.ticket_id,
        "decision": turn.decision,
        "reason": turn.reason,
        "reply": turn.reply,
        "rule": rule_of(turn),
        "options": turn.options,
        "alternatives": turn.alternatives,
        "citations": turn.citations,
        "exclusion": turn.exclusion,
        "facts": turn.trace.facts,
        "versions": versions_of(turn),
        "total_ms": turn.trace.total_ms,
    }


def facts_of(event_facts: dict[str, Any]) -> TurnFacts:
    """Return the facts of an event as the engine takes them."""
    return TurnFacts.from_json(event_facts)


def rule_of(turn: Turn) -> dict[str, Any] | None:
    """Return the rule behind the decision, or None where none fired."""
    if not turn.rule_trigger:
        return None
    return {
        "kind": turn.rule_kind,
        "trigger": turn.rule_trigger,
        "rule_id": turn.rule_id,
        "rule_version": turn.rule_version,
        "matched_text": turn.matched_text,
    }


def versions_of(turn: Turn) -> dict[str, int | None]:
    """Return the versions of everything that had a part in the decision."""
    return {
        "release": turn.release,
        "model_version": turn.model_version,
        "index": turn.index_version,
        "rule_set": turn.rule_set_version,
    }


def transcript_of(turns: Sequence[Turn], messages: Sequence[PastMessage] = ()) -> list[dict[str, Any]]:
    """Return what was said by customer, agent and people, first to last; what was only drafted was not."""
    said = [
        {"turn": turn.number, "role": role, "text": text, "at": turn.created_at}
        for turn in turns
        for role, text in (("customer", turn.text), ("agent", turn.said))
        if text
    ]
    written = [
        {"turn": one.number, "role": one.sender, "text": one.text, "at": one.at}
        | ({"by": one.by} if one.by else {})
        for one in messages
    ]
    return sorted([*said, *written], key=lambda line: line["at"])
