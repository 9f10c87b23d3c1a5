"""Giving people the next sampled turns, so that no two hold the same one. Decides nothing about a turn.

A claim lasts a few minutes and is made by one UPDATE that only takes what is free.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet

from core.actors import Actor
from core.errors import NotAllowed
from core.leases import rows_lease, rows_release
from core.permissions import require
from runtime.models import Handoff, SampledTurn, Turn
from runtime.verdicts import workflow
from runtime.verdicts.contracts import Line, Offer

JUDGE = "runtime.judge_turn"


def person_of(actor: Actor) -> int:
    """Return the id of the person who acts; only people judge."""
    require(actor, JUDGE)
    if actor.user_id is None:
        raise NotAllowed("Only a person can judge a turn.", code="not_a_person")
    return actor.user_id


def turns_take(*, actor: Actor, want: int, held: Collection[int] = ()) -> list[Offer]:
    """Claim up to ``want`` more sampled turns for this person and renew the claims on those ``held``."""
    person = person_of(actor)
    waiting = SampledTurn.objects.waiting()
    mine = rows_lease(
        waiting,
        waiting.not_judged_by(person),
        person_id=person,
        held=held,
        want=max(0, min(want, workflow.MAX_TAKEN)),
        seconds=workflow.LEASE_SECONDS,
        order=("stratum__draw_id", "position", "id"),
    )
    return _offers(mine)


def turns_release(*, actor: Actor, held: Collection[int]) -> int:
    """Give back what the person holds and has not judged; return how many."""
    person = person_of(actor)
    return rows_release(SampledTurn.objects.waiting(), person_id=person, held=held)


def offer_of(sampled_id: int) -> Offer:
    """Return one sampled turn as its judge sees it."""
    return _offers(SampledTurn.objects.filter(pk=sampled_id))[0]


def _offers(rows: QuerySet[Any]) -> list[Offer]:
    """Return the turns with what was said before each, in two queries however many they are."""
    sampled = list(rows.select_related("turn__conversation"))
    before = _earlier([one.turn for one in sampled])
    return [_offer(one, before[one.turn_id]) for one in sampled]


def _earlier(turns: Sequence[Turn]) -> dict[int, list[Turn]]:
    """Return for each turn those before it in its conversation, first to last."""
    rows = (
        Turn.objects.filter(conversation__in={turn.conversation_id for turn in turns})
        .order_by("number")
        .only("conversation_id", "number", "text", "reply", "sent_text", "delivered")
    )
    by_conversation: dict[Any, list[Turn]] = {}
    for row in rows:
        by_conversation.setdefault(row.conversation_id, []).append(row)
    return {
        turn.pk: [row for row in by_conversation.get(turn.conversation_id, ()) if row.number < turn.number]
        for turn in turns
    }


def _offer(sampled: SampledTurn, before: Sequence[Turn]) -> Offer:
    turn = sampled.turn
    shown = before[-workflow.EARLIER_TURNS :]
    lines = [
        Line(role, words[: workflow.EARLIER_CHARACTERS])
        for earlier in shown
        for role, words in (("customer", earlier.text), ("agent", earlier.said))
        if words
    ]
    rule = f"rule {turn.rule_id}, version {turn.rule_version}" if turn.rule_id else "safeguard without a rule"
    return Offer(
        sampled_id=sampled.pk,
        turn_id=turn.pk,
        conversation_id=str(turn.conversation_id),
        lines=tuple(lines),
        omitted=len(before) - len(shown),
        text=turn.text,
        reply=turn.reply,
        decision=turn.decision,
        decision_label=turn.get_decision_display(),
        escalated=turn.decision == Turn.Decision.ESCALATE,
        reason_label=trigger_label(turn.rule_trigger),
        rule=f"{turn.rule_kind} {rule}".strip() if turn.rule_trigger else "",
        matched_text=turn.matched_text,
        intent=turn.intent,
        confidence=turn.confidence,
        citations=tuple(str(one.get("title", "")) for one in turn.citations),
        channel=turn.conversation.channel,
        at=turn.created_at,
    )


def trigger_label(trigger: str) -> str:
    """Return a trigger in words; one that a later version has dropped stays as it is."""
    choices: dict[Any, Any] = dict(Handoff._meta.get_field("reason").flatchoices)
    return str(choices.get(trigger, trigger))
