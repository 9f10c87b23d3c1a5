"""What a person says about a message, kept once, and taken back.

A suggestion becomes a label only here, by a person. A message that is tagged once yields its example at once;
one that is tagged twice yields it when both agree (or a lead has settled it, intents.tagging.settling). The
same decision sent twice is kept once, by the key that the browser made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.models import User
from core.permissions import may
from core.writing import write_transaction
from intents.models import Intent, TaggingDecision, TaggingItem
from intents.services import intent_create
from intents.tagging import workflow
from intents.tagging.claiming import person_of
from intents.tagging.closing import item_close, item_reopen, item_skip, item_to_lead
from intents.tagging.contracts import Answer
from intents.tagging.naming import slug_of
from intents.tagging.policy import tagging_policy
from intents.tagging.sampling import is_double

CREATE_INTENT = "intents.add_intent"
KINDS = (workflow.INTENT, workflow.OFF_TOPIC, workflow.SKIP, workflow.PROPOSAL)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is kept, whether it was kept before, and what deserves a calm word."""

    decision: TaggingDecision
    item: TaggingItem
    is_new: bool
    note: str = ""


def decision_record(
    *, actor: Actor, key: UUID, item_id: int, answer: Answer, seconds: float, shown_release: int | None = None
) -> Decided:
    """Keep what a person says about a message; idempotent by ``key``.

    ``shown_release`` is the release whose suggestion the person saw, None where none was shown. Refuses with
    already_decided (by this person), decided_meanwhile, claimed (by somebody else), and what
    intents.services refuses; nothing is written then.
    """
    person = person_of(actor)
    try:
        with write_transaction():
            item = _locked(item_id)
            known = _kept_already(key, person, item_id)
            if known is not None:
                return known
            role = _role(item, person)
            decision = _new_decision(actor, person, key, item, role, answer, seconds, shown_release)
            decision.save(force_insert=True)
            if decision.role in (workflow.FIRST, workflow.SECOND):
                _go_on(actor, item, decision)
            elif decision.role == workflow.PASSED:
                _pass_on(item)
            activity.record(actor, "message.tagged", item, after=decision.as_record())
    except IntegrityError as error:
        _kept_already(key, person, item_id)  # of another message: key_taken
        raise Conflict("Somebody else has decided it in the meantime.", code="decided_meanwhile") from error
    return Decided(decision, item, is_new=True, note=_note(decision))


def decision_undo(*, actor: Actor, key: UUID) -> Decided:
    """Take one's own decision back, with the example it made; idempotent.

    Refused where somebody else has gone on from it. The person gets the message again.
    """
    person = person_of(actor)
    with write_transaction():
        decision = _own(key, person)
        item = _locked(decision.item_id)
        if decision.undone_at is not None:
            return Decided(decision, item, is_new=False)
        _refuse_built_upon(decision)
        now = timezone.now()
        TaggingDecision.objects.filter(pk=decision.pk, undone_at=None).update(undone_at=now)
        decision.undone_at = now
        if decision.role in (workflow.FIRST, workflow.SECOND, workflow.PASSED):
            claimed_until = now + timedelta(seconds=workflow.LEASE_SECONDS)
            item_reopen(actor, item, decision, claimed_by_id=person, claimed_until=claimed_until)
        activity.record(actor, "message.tag_undone", item, before=decision.as_record())
    return Decided(decision, item, is_new=True)


def _kept_already(key: UUID, person: int, item_id: int) -> Decided | None:
    decision = TaggingDecision.objects.select_related("item", "intent").filter(key=key).first()
    if decision is None:
        return None
    if decision.person_id != person or decision.item_id != item_id:
        raise Conflict("This key belongs to another decision.", code="key_taken")
    return Decided(decision, decision.item, is_new=False)


def _locked(item_id: int) -> TaggingItem:
    item = TaggingItem.objects.select_for_update().defer("vector").filter(pk=item_id).first()
    if item is None:
        raise NotFound("This message has left the inbox.", code="message_gone")
    return item


def _own(key: UUID, person: int) -> TaggingDecision:
    decision = TaggingDecision.objects.select_related("intent", "example").filter(key=key).first()
    if decision is None:
        raise NotFound("There is no such decision.", code="no_decision")
    if decision.person_id != person:
        raise NotAllowed("Only your own decisions can be taken back.", code="not_yours")
    return decision


def _role(item: TaggingItem, person: int) -> str:
    """Return what this person's decision is for the message, or refuse it."""
    standing = list(item.decisions.standing().exclude(role=workflow.SETTLED))
    if any(decision.person_id == person for decision in standing):
        raise Conflict("You have decided this message already.", code="already_decided")
    if item.is_golden:
        return workflow.GOLDEN
    if item.state != workflow.WAITING:
        raise Conflict("Somebody else has decided it in the meantime.", code="decided_meanwhile")
    held = item.claimed_until is not None and item.claimed_until > timezone.now()
    if held and item.claimed_by_id != person:
        raise Conflict("Somebody else is at this message now.", code="claimed")
    return workflow.SECOND if any(d.role == workflow.FIRST for d in standing) else workflow.FIRST


def _new_decision(
    actor: Actor,
    person_id: int,
    key: UUID,
    item: TaggingItem,
    role: str,
    answer: Answer,
    seconds: float,
    shown_release: int | None,
) -> TaggingDecision:
    if role in (workflow.FIRST, workflow.SECOND) and answer.kind == workflow.SKIP and not answer.reason:
        role = workflow.PASSED
    person = User.objects.get(pk=person_id)
    decision = TaggingDecision(
        key=key,
        item=item,
        person=person,
        person_name=person.get_full_name() or person.get_username(),
        role=role,
        seconds=round(min(max(seconds, 0.0), workflow.MAX_SECONDS), 1),
    )
    answer_fill(actor, decision, answer)
    if shown_release is not None and shown_release == item.release:
        decision.suggested_slug, decision.suggested_confidence = item.suggested_slug, item.confidence
        decision.suggested_release, decision.suggested_version = item.release, item.model_version
        if decision.intent is not None:
            decision.agreed = decision.intent.slug == item.suggested_slug
        elif decision.answer in (workflow.OFF_TOPIC, workflow.PROPOSAL):
            decision.agreed = False
    if role == workflow.GOLDEN:
        decision.golden_right = (decision.answer, decision.intent_id) == (item.outcome, item.intent_id)
    return decision


def answer_fill(actor: Actor, decision: TaggingDecision, answer: Answer) -> None:
    """Put an answer into a decision; a new intent is created, or proposed by those who may not create one."""
    if answer.kind not in KINDS:
        raise InvalidInput("Choose an intent, off-topic, skip or a new intent.", code="bad_answer")
    decision.answer = answer.kind
    if answer.kind == workflow.INTENT:
        decision.intent = _intent(answer.slug)
    elif answer.kind == workflow.SKIP:
        if answer.reason not in ("", *TaggingDecision.SkipReason.values):
            raise InvalidInput("There is no such reason.", code="bad_reason")
        decision.skip_reason = answer.reason
    elif answer.kind == workflow.PROPOSAL:
        _fill_new_intent(actor, decision, answer)


def _fill_new_intent(actor: Actor, decision: TaggingDecision, answer: Answer) -> None:
    label, description = " ".join(answer.label.split()), answer.description.strip()
    slug = slug_of(label)
    if not slug or len(label) > 100 or len(description) > 2_000:
        raise InvalidInput(
            "Give the new intent a name of letters (at most 100) and a description of at most 2,000.",
            code="bad_label",
        )
    taken = Intent.objects.filter(slug=slug).first()
    if taken is not None:
        raise Conflict(f"There is an intent {taken.label} ({slug}) already; choose it.", code="slug_taken")
    if may(actor, CREATE_INTENT):
        decision.answer = workflow.INTENT
        decision.intent = intent_create(actor=actor, slug=slug, label=label, description=description)
    else:
        decision.proposed_label, decision.proposed_description = label, description


def _intent(slug: str) -> Intent:
    intent = Intent.objects.exclude(state=Intent.State.ARCHIVED).filter(slug=slug).first()
    if intent is None:
        raise InvalidInput("There is no such intent any more; choose another.", code="no_intent")
    return intent


def _go_on(actor: Actor, item: TaggingItem, decision: TaggingDecision) -> None:
    """Close the message, wait for the second person, or leave it to a lead."""
    if decision.answer == workflow.PROPOSAL:
        item_to_lead(item)
    elif decision.role == workflow.FIRST:
        if is_double(item.text_hash, tagging_policy().double_percent):
            TaggingItem.objects.filter(pk=item.pk).update(is_double=True, claimed_by=None, claimed_until=None)
            item.is_double = True
        else:
            item_close(actor, item, decision)
    else:
        first = item.decisions.standing().get(role=workflow.FIRST)
        if (first.answer, first.intent_id) == (decision.answer, decision.intent_id):
            item_close(actor, item, decision)
        else:
            item_to_lead(item)


def _pass_on(item: TaggingItem) -> None:
    """Give it back for somebody else; the second who passes it on closes it."""
    passed = item.decisions.standing().filter(role=workflow.PASSED).count()
    if passed < workflow.PASSES_TO_CLOSE:
        TaggingItem.objects.filter(pk=item.pk).update(claimed_by=None, claimed_until=None)
    elif item.decisions.standing().filter(role=workflow.FIRST).exists():
        item_to_lead(item)
    else:
        item_skip(item)


def _refuse_built_upon(decision: TaggingDecision) -> None:
    later = TaggingDecision.objects.standing().filter(item=decision.item_id, pk__gt=decision.pk)
    if later.exclude(role=workflow.GOLDEN).exists():
        raise Conflict(
            "Somebody else has gone on from this decision; ask your lead to correct it.", code="built_upon"
        )


def _note(decision: TaggingDecision) -> str:
    """Say calmly where an intent has enough phrasings before the pilot."""
    if decision.intent is None or decision.example_id is None:
        return ""
    real = decision.intent.examples.active().exclude(origin="synthetic").count()
    if real <= workflow.ENOUGH_PHRASINGS:
        return ""
    return (
        f"{decision.intent.label} has {real} real phrasings now; 8 to {workflow.ENOUGH_PHRASINGS} are enough "
        "before the pilot."
    )
