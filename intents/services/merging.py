"""Merge an intent into another one, and take it back.

The phrasings move one by one through example_move, in one transaction with the archiving; the same text in
both stays behind in the archived intent. Test phrases and categories go along. What the merge did is kept in
one row.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from core.transitions import move
from intents.models import EvaluationCase, Example, Intent, IntentMerge, ServedCategory
from intents.services.definitions import intent_activate, intent_archive
from intents.services.examples import example_move
from intents.workflow import INTENT_MOVES

PERMISSION = "intents.change_intent"
MAX_MOVED = 1_000


def intent_merge(*, actor: Actor, source: Intent, into: Intent) -> IntentMerge:
    """Move all that ``source`` has to ``into`` and archive it: all or nothing."""
    require(actor, PERMISSION)
    if source.pk == into.pk:
        raise InvalidInput("Choose two different intents.", code="same_intent")
    with transaction.atomic():
        rows = {i.pk: i for i in Intent.objects.select_for_update().filter(pk__in=(source.pk, into.pk))}
        current, target = rows[source.pk], rows[into.pk]
        for intent in (current, target):
            if intent.state == Intent.State.ARCHIVED:
                raise Conflict(f"{intent.label} is archived.", code="intent_archived")
        examples = list(current.examples.active().select_related("intent").order_by("pk")[: MAX_MOVED + 1])
        if len(examples) > MAX_MOVED:
            raise Conflict(f"{current.label} has more than {MAX_MOVED} phrasings.", code="too_many_examples")
        taken = set(
            target.examples.filter(text_hash__in=[e.text_hash for e in examples]).values_list(
                "text_hash", flat=True
            )
        )
        before = current.state
        intent_archive(actor=actor, intent=current)  # first: its phrasings then stand in nobody's way
        moved = [example for example in examples if example.text_hash not in taken]
        for example in moved:
            example_move(actor=actor, example=example, to=target)
        merge = IntentMerge.objects.create(
            source=current,
            into=target,
            source_state=before,
            moved=[example.pk for example in moved],
            categories=_serve(actor, current, target),
            test_phrases=_test_with(current, target),
            merged_by_id=actor.user_id,
        )
        activity.record(
            actor,
            "intent.merged",
            current,
            after={"into": target.slug, "moved": len(moved), "stayed": len(examples) - len(moved)},
        )
    return merge


def intent_merge_undo(*, actor: Actor, merge: IntentMerge) -> None:
    """Bring the archived intent back with the phrasings that are still where the merge put them."""
    require(actor, PERMISSION)
    with transaction.atomic():
        rows = IntentMerge.objects.filter(pk=merge.pk, undone_at=None).update(undone_at=timezone.now())
        if not rows:
            raise Conflict("This merge has been taken back already.", code="already_undone")
        source = Intent.objects.select_for_update().get(pk=merge.source_id)
        if source.state != Intent.State.ARCHIVED:
            raise Conflict(
                f"{source.label} is {source.get_state_display().lower()} again already; move its phrasings "
                "back under Examples.",
                code="source_not_archived",
            )
        returning = Example.objects.filter(pk__in=merge.moved, intent_id=merge.into_id).select_related(
            "intent"
        )
        for example in returning.order_by("pk"):
            example_move(actor=actor, example=example, to=source)
        if merge.source_state == Intent.State.ACTIVE:
            intent_activate(actor=actor, intent=source)
        else:
            move(source, to=merge.source_state, allowed=INTENT_MOVES)
        ServedCategory.objects.filter(intent_id=merge.into_id, category_id__in=merge.categories).delete()
        phrases = EvaluationCase.objects.filter(pk__in=merge.test_phrases, intent_id=merge.into_id)
        phrases.update(intent=source)
        activity.record(actor, "intent.merge_undone", source, after={"state": merge.source_state})


def _serve(actor: Actor, source: Intent, into: Intent) -> list[int]:
    """Let ``into`` serve the categories of ``source`` that it does not serve yet; return their ids."""
    served = set(ServedCategory.objects.filter(intent=source).values_list("category_id", flat=True))
    served |= {source.category_id} if source.category_id else set()
    served -= set(ServedCategory.objects.filter(intent=into).values_list("category_id", flat=True))
    served -= {into.category_id}
    added = sorted(pk for pk in served if pk is not None)
    ServedCategory.objects.bulk_create(
        ServedCategory(intent=into, category_id=pk, mapped_by_id=actor.user_id) for pk in added
    )
    return added


def _test_with(source: Intent, into: Intent) -> list[int]:
    """Let the test phrases of ``source`` mean ``into``; return their ids."""
    phrases = EvaluationCase.objects.filter(intent=source)
    ids = list(phrases.order_by("pk").values_list("pk", flat=True))
    phrases.update(intent=into)
    return ids
