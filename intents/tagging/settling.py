"""What a lead decides: disagreements and proposals of new intents, and which messages test the taggers."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.models import User
from core.permissions import require
from core.writing import write_transaction
from intents.models import TaggingDecision, TaggingItem
from intents.tagging import workflow
from intents.tagging.closing import item_close, item_reopen
from intents.tagging.contracts import Answer
from intents.tagging.deciding import answer_fill

SETTLE = "intents.adjudicate_tagging"


def item_settle(*, actor: Actor, key: UUID, item_id: int, answer: Answer) -> TaggingDecision:
    """Decide a message on which two people disagree, or for which somebody proposes a new intent.

    Needs intents.adjudicate_tagging; idempotent by ``key``. A settled answer is known, so the message joins
    the golden ones.
    """
    require(actor, SETTLE)
    if actor.user_id is None:
        raise NotAllowed("Only a person can say what a message means.", code="not_a_person")
    kept = TaggingDecision.objects.filter(key=key, item_id=item_id, person_id=actor.user_id).first()
    if kept is not None:
        return kept
    try:
        with write_transaction():
            item = TaggingItem.objects.select_for_update().defer("vector").filter(pk=item_id).first()
            if item is None or item.state != workflow.ADJUDICATION:
                raise Conflict("This message has been settled in the meantime.", code="settled_meanwhile")
            person = User.objects.get(pk=actor.user_id)
            decision = TaggingDecision(
                key=key,
                item=item,
                person=person,
                person_name=person.get_full_name() or person.get_username(),
                role=workflow.SETTLED,
                seconds=0,
            )
            answer_fill(actor, decision, answer)
            if decision.answer == workflow.PROPOSAL:
                raise NotAllowed(
                    "You may not add intents; choose one of those that there are.", code="may_not_add_intent"
                )
            decision.save(force_insert=True)
            item_close(actor, item, decision, is_golden=True)
            activity.record(actor, "message.settled", item, after=decision.as_record())
    except IntegrityError as error:
        raise Conflict("This message has been settled in the meantime.", code="settled_meanwhile") from error
    return decision


def item_unsettle(*, actor: Actor, decision: TaggingDecision) -> None:
    """Take a settlement back: the example it made is retired, the message awaits a lead again."""
    require(actor, SETTLE)
    if decision.role != workflow.SETTLED:
        raise InvalidInput("Taggers take their decisions back themselves.", code="not_a_settlement")
    with write_transaction():
        item = TaggingItem.objects.select_for_update().defer("vector").get(pk=decision.item_id)
        rows = TaggingDecision.objects.filter(pk=decision.pk, undone_at=None)
        if not rows.update(undone_at=timezone.now()):
            raise Conflict("It has been taken back already.", code="undone_meanwhile")
        item_reopen(actor, item, decision, to=workflow.ADJUDICATION)
        activity.record(actor, "message.unsettled", item, before=decision.as_record())


def golden_mark(*, actor: Actor, item_id: int, is_golden: bool) -> None:
    """Let a decided message test the taggers, or no longer; needs intents.adjudicate_tagging."""
    require(actor, SETTLE)
    with write_transaction():
        item = TaggingItem.objects.select_for_update().defer("vector").filter(pk=item_id).first()
        if item is None:
            raise NotFound("This message has left the inbox.", code="message_gone")
        if item.state != workflow.DECIDED:
            raise Conflict("Only a message whose answer stands can test others.", code="no_answer_yet")
        if item.is_golden != is_golden:
            TaggingItem.objects.filter(pk=item.pk).update(is_golden=is_golden)
            activity.record(
                actor,
                "message.golden_marked" if is_golden else "message.golden_unmarked",
                item,
                before={"is_golden": item.is_golden},
                after={"is_golden": is_golden},
            )
