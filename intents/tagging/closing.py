"""What becomes of a message when its answer stands: an example, an off-topic text, or nothing; and undone.

Called inside the transaction of the decision. Does not decide whether an answer stands.
"""

from __future__ import annotations

from typing import Any

from core.actors import Actor
from core.transitions import move
from intents.models import Example, Intent, TaggingDecision, TaggingItem
from intents.services import example_add, example_restore, example_retire
from intents.tagging import workflow

NOBODY: dict[str, Any] = {"claimed_by": None, "claimed_until": None}


def item_close(actor: Actor, item: TaggingItem, decision: TaggingDecision, **changes: Any) -> None:
    """Make the decision the message's answer; an intent's example is made once, and named on both."""
    if decision.intent is not None:
        example, is_ours = _example(actor, item, decision.intent)
        if is_ours:
            decision.example = example
            decision.save(update_fields=["example"])
        changes |= {"outcome": workflow.INTENT, "intent": decision.intent, "example": example}
    elif decision.answer == workflow.OFF_TOPIC:
        changes["outcome"] = workflow.OFF_TOPIC
    else:
        item_skip(item)
        return
    move(item, to=workflow.DECIDED, allowed=workflow.ITEM_MOVES, **NOBODY, **changes)


def item_skip(item: TaggingItem) -> None:
    """Leave the message out: it teaches nothing."""
    move(item, to=workflow.SKIPPED, allowed=workflow.ITEM_MOVES, **NOBODY)


def item_to_lead(item: TaggingItem) -> None:
    """Leave the message to a lead."""
    move(item, to=workflow.ADJUDICATION, allowed=workflow.ITEM_MOVES, **NOBODY)


def item_reopen(
    actor: Actor, item: TaggingItem, decision: TaggingDecision, *, to: str = workflow.WAITING, **changes: Any
) -> None:
    """Take the answer back: retire the example that the decision made, and let the message wait again."""
    example = decision.example
    if example is not None and example.state == Example.State.ACTIVE:
        example_retire(actor=actor, example=example)
    changes |= {"outcome": "", "intent": None, "example": None, "is_golden": False}
    if item.state == to:
        TaggingItem.objects.filter(pk=item.pk).update(**changes)
        return
    move(item, to=to, allowed=workflow.ITEM_MOVES, **changes)


def _example(actor: Actor, item: TaggingItem, intent: Intent) -> tuple[Example, bool]:
    """Return the message's example in this intent, and whether it is there because of this decision."""
    known = Example.objects.filter(intent=intent, text_hash=item.text_hash).first()
    if known is None:
        added = example_add(
            actor=actor,
            intent=intent,
            text=item.text,
            origin=Example.Origin.TICKET,
            source_ref=item.source_ref,
        )
        return added, True
    if known.state == Example.State.RETIRED:
        example_restore(actor=actor, example=known)
        return known, True
    return known, False
