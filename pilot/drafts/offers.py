"""A draft as its reviewer sees it: the conversation so far, where the draft comes from, who the customer is.

The number of queries does not grow with the number of drafts, but for the sentences of the rules they cite.
Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from escalation.selectors import why_sentence
from kb.diff import Change, by_words
from pilot import workflow
from pilot.drafts.contracts import FlowShown, Line, Offer, Source
from pilot.drafts.queue import reviewed_first
from pilot.drafts.sampling import is_understood
from pilot.drafts.sending import undone_actions, why_not_sent
from pilot.models import Draft
from runtime.drafting.telling import drafts_told
from runtime.models import Conversation, FlowRun, Handoff, HandoffMessage, Turn

EARLIER_LINES = 40
MAX_MESSAGES = 2_000  # of people and customers, of all drafts that are shown at once
EARLIER_CHARACTERS = 2_000
ENOUGH_SHARED = 0.3  # of the words of what a person wrote: under that a comparison only confuses
HUMAN = (Draft.SentVia.TICKET, Draft.SentVia.API, Draft.SentVia.WEBHOOK)
Said = tuple[datetime, str, str]  # when, who, what


def offers_of(drafts: QuerySet[Draft]) -> list[Offer]:
    """Return drafts with what was said before each, in their order."""
    rows = list(
        drafts.select_related("turn__trace", "conversation", "pilot").annotate(
            conversations_before=_conversations_before(), has_first=reviewed_first()
        )
    )
    conversations = {draft.conversation_id for draft in rows}
    turns, sent = _turns(conversations), _sent(conversations)
    messages, runs = _messages(conversations), _runs(conversations)
    offers = []
    for draft in rows:
        before = _before(draft, turns)
        written = [
            line for line in messages.get(draft.conversation_id, ()) if line[0] < draft.turn.created_at
        ]
        offers.append(
            _offer(draft, before, _said(before, sent, written), runs.get(draft.conversation_id, ()))
        )
    return offers


def _conversations_before() -> Any:
    """Count the customer's earlier conversations with the same client."""
    earlier = (
        Conversation.objects.filter(
            customer_external_id=OuterRef("conversation__customer_external_id"),
            created_at__lt=OuterRef("conversation__created_at"),
        )
        .exclude(customer_external_id="")
        .order_by()
        .values("customer_external_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(earlier, output_field=IntegerField()), 0)


def _turns(conversations: set[Any]) -> dict[Any, list[Turn]]:
    rows = Turn.objects.filter(conversation__in=conversations).order_by("number")
    fields = ("conversation_id", "number", "text", "reply", "delivered", "flow", "actions", "created_at")
    found: dict[Any, list[Turn]] = {}
    for turn in rows.only(*fields):  # MAX_TURNS of each conversation at most
        found.setdefault(turn.conversation_id, []).append(turn)
    return found


def _sent(conversations: set[Any]) -> dict[int, tuple[str, str]]:
    """Return by turn what its customer got, and by which way."""
    rows = Draft.objects.filter(conversation__in=conversations).exclude(sent_at=None)
    return {turn: (text, via) for turn, text, via in rows.values_list("turn_id", "sent_text", "sent_via")}


def _runs(conversations: set[Any]) -> dict[Any, list[FlowRun]]:
    found: dict[Any, list[FlowRun]] = {}
    runs = FlowRun.objects.filter(conversation__in=conversations).select_related("version__flow")
    for run in runs.order_by("-number"):
        found.setdefault(run.conversation_id, []).append(run)
    return found


def _before(draft: Draft, turns: Mapping[Any, list[Turn]]) -> list[Turn]:
    return [one for one in turns.get(draft.conversation_id, ()) if one.number < draft.turn.number]


def _messages(conversations: set[Any]) -> dict[Any, list[Said]]:
    """Return what people and customers wrote to each other while the agent was silent (the newest)."""
    rows = HandoffMessage.objects.filter(handoff__conversation__in=conversations).order_by("-pk")
    fields = ("handoff__conversation_id", "sent_at", "sender", "text")
    found: dict[Any, list[Said]] = {}
    for conversation, at, sender, text in rows.values_list(*fields)[:MAX_MESSAGES]:
        found.setdefault(conversation, []).append((at, "person" if sender == "human" else sender, text))
    return found


def _said(
    before: Sequence[Turn], sent: Mapping[int, tuple[str, str]], messages: Sequence[Said]
) -> list[Said]:
    """Return what was said before, first to last; where nothing was sent, what was drafted."""
    lines: list[Said] = list(messages)
    for turn in before:
        lines.append((turn.created_at, "customer", turn.text))
        text, via = sent.get(turn.pk, ("", ""))
        if text:
            role = "agent" if via == Draft.SentVia.AGENT else "person"
        else:
            text, role = turn.reply, "agent" if turn.delivered else "draft"
        if text:
            lines.append((turn.created_at, role, text))
    return sorted(lines, key=lambda line: line[0])


def _offer(draft: Draft, before: Sequence[Turn], said: Sequence[Said], runs: Sequence[FlowRun]) -> Offer:
    turn, conversation = draft.turn, draft.conversation
    note = why_not_sent(draft)
    if not note and getattr(draft, "has_first", False):
        note = "Nothing is sent by this review."
    human = draft.sent_text if draft.sent_via in HUMAN else ""
    return Offer(
        draft_id=draft.pk,
        turn_id=turn.pk,
        conversation_id=str(conversation.pk),
        pilot=draft.pilot.name,
        mode=draft.mode,
        first=draft.priority == workflow.HIGHEST_PRIORITY and not is_understood(turn.reason),
        sends=not note,
        sends_note=note,
        lines=tuple(Line(role, text[:EARLIER_CHARACTERS]) for _, role, text in said[-EARLIER_LINES:]),
        omitted=max(0, len(said) - EARLIER_LINES),
        text=turn.text,
        draft=turn.reply,
        decision=turn.decision,
        decision_label=turn.get_decision_display(),
        reason=reason_label(turn),
        rule=_rule(turn),
        matched_text=turn.matched_text,
        intent=turn.intent,
        confidence=turn.confidence,
        threshold=turn.threshold,
        alternatives=tuple((str(one["intent"]), float(one["confidence"])) for one in turn.alternatives),
        options=tuple(str(one.get("label", "")) for one in turn.options),
        sources=tuple(_source(one) for one in turn.citations),
        written=_written(turn),
        flow=_flow(turn, runs),
        actions=tuple(
            (str(a.get("action")), str(a.get("state")), str(a.get("message"))) for a in turn.actions
        ),
        undone=undone_actions(turn, before),
        customer=_customer(conversation, turn, getattr(draft, "conversations_before", 0)),
        tier=conversation.tier,
        ticket_id=conversation.ticket_id,
        human_text=human,
        human_via=draft.get_sent_via_display() if human else "",
        human_diff=comparison(turn.reply, human),
        channel=conversation.channel,
        at=draft.happened_at,
    )


def _written(turn: Turn) -> tuple[str, ...]:
    """Say who worded the answer, and which sentences of a language model were left out and why."""
    lines: list[str] = []
    for told in drafts_told(turn.trace.steps):
        lines.append(f"{told.by}: {told.why}." if told.why else f"{told.by}.")
        lines += [f"Left out: “{text}” ({why})" for text, why in told.dropped]
    return tuple(lines)


def comparison(draft: str, human: str) -> tuple[tuple[Change, str], ...]:
    """Compare word by word; nothing where a person wrote something else altogether."""
    if not human:
        return ()
    parts = by_words(draft, human)
    shared = sum(len(text.split()) for change, text in parts if change == "same")
    return parts if shared >= ENOUGH_SHARED * len(human.split()) else ()


def reason_label(turn: Turn) -> str:
    """Return why the agent decided so, in words."""
    labels: dict[Any, Any] = dict(Handoff._meta.get_field("reason").flatchoices)
    return str(labels.get(turn.reason, turn.reason.replace("_", " ")))


def _rule(turn: Turn) -> str:
    if not turn.rule_trigger:
        return ""
    return (
        why_sentence(turn.rule_id, turn.rule_version)
        or f"A safeguard: {turn.rule_trigger.replace('_', ' ')}."
    )


def _source(citation: Mapping[str, Any]) -> Source:
    path = " › ".join([str(citation.get("title", "")), *map(str, citation.get("heading_path") or ())])
    return Source(
        citation.get("article_id"), citation.get("revision_id"), path, str(citation.get("quote", ""))
    )


def _flow(turn: Turn, runs: Sequence[FlowRun]) -> FlowShown | None:
    if not turn.flow:
        return None
    title, version = turn.flow.get("title", ""), turn.flow.get("version")
    run = next((r for r in runs if (r.version.flow.title, r.version.number) == (title, version)), None)
    slots = run.position.get("slots", {}) if run else {}
    return FlowShown(
        title=str(title),
        version=version,
        step=str(turn.flow.get("step") or ""),
        missing=tuple(map(str, turn.flow.get("missing") or ())),
        slots=tuple((str(name), str(value)) for name, value in slots.items()),
    )


def _customer(conversation: Conversation, turn: Turn, earlier: int) -> tuple[tuple[str, str], ...]:
    named = bool(conversation.customer_external_id)
    lines = [
        ("Customer", conversation.customer_external_id or "anonymous"),
        ("Identity verified", "yes" if conversation.customer_verified else "no"),
        ("Kind of user", conversation.user_type),
        ("Tier", conversation.tier),
        ("Page", turn.page),
        ("Language", conversation.locale),
        ("Earlier conversations", str(earlier) if named else ""),
    ]
    return tuple((name, value) for name, value in lines if value)
