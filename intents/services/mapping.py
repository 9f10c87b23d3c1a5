"""Map a category of the ticket audit to an intent, or put it out of scope with a reason; take either back."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from intents.models import Intent, OutOfScopeCategory, ServedCategory
from tickets.selectors import signed_map

PERMISSION = "intents.change_intent"
REASON_LENGTH = 500


def category_map(*, actor: Actor, category_id: int, intent: Intent) -> None:
    """Say that ``intent`` answers a category's tickets: as the one it comes from, or as a further one.

    Refused for a category that is not in the signed map, is out of scope, or is mapped to it already.
    """
    require(actor, PERMISSION)
    name = _signed_name(category_id)
    try:
        with transaction.atomic():
            current = Intent.objects.select_for_update().get(pk=intent.pk)
            if current.state == Intent.State.ARCHIVED:
                raise Conflict(f"{current.label} is archived. Activate it first.", code="intent_archived")
            _refuse_out_of_scope(category_id, name)
            if current.category_id == category_id:
                raise Conflict(f"{name} is mapped to {current.label} already.", code="already_mapped")
            if current.category_id is None:
                current.category_id = category_id
                current.save(update_fields=["category", "updated_at"])
            else:
                ServedCategory.objects.create(
                    intent=current, category_id=category_id, mapped_by_id=actor.user_id
                )
            activity.record(
                actor, "intent.category_mapped", current, after={"category": category_id, "name": name}
            )
    except IntegrityError as error:
        raise Conflict(f"{name} is mapped to {intent.label} already.", code="already_mapped") from error


def category_unmap(*, actor: Actor, category_id: int, intent: Intent) -> None:
    """Take a mapping back; refused where there is none."""
    require(actor, PERMISSION)
    with transaction.atomic():
        own = Intent.objects.filter(pk=intent.pk, category_id=category_id).update(
            category=None, updated_at=timezone.now()
        )
        served, _ = ServedCategory.objects.filter(intent=intent, category_id=category_id).delete()
        if not own and not served:
            raise Conflict("This category is not mapped to that intent any more.", code="not_mapped")
        activity.record(actor, "intent.category_unmapped", intent, before={"category": category_id})


def category_leave_out(*, actor: Actor, category_id: int, reason: str) -> OutOfScopeCategory:
    """Put a category out of the agent's scope, with the reason; refused while intents are mapped to it."""
    require(actor, PERMISSION)
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why the agent does not deal with this category.", code="reason_missing")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput(f"Give the reason in at most {REASON_LENGTH} characters.", code="reason_too_long")
    name = _signed_name(category_id)
    try:
        with transaction.atomic():
            _refuse_mapped(category_id, name)
            decision = OutOfScopeCategory.objects.create(
                category_id=category_id, reason=reason, decided_by_id=actor.user_id
            )
            activity.record(actor, "category.left_out", decision, after={"name": name, "reason": reason})
    except IntegrityError as error:
        raise Conflict(f"{name} is out of scope already.", code="already_out_of_scope") from error
    return decision


def category_take_in(*, actor: Actor, category_id: int) -> None:
    """Take back the decision to leave a category out; the decision itself is kept."""
    require(actor, PERMISSION)
    with transaction.atomic():
        decision = (
            OutOfScopeCategory.objects.select_for_update()
            .filter(category_id=category_id, taken_back_at=None)
            .first()
        )
        if decision is None:
            raise Conflict("This category is in scope already.", code="not_out_of_scope")
        decision.taken_back_at = timezone.now()
        decision.save(update_fields=["taken_back_at"])
        activity.record(actor, "category.taken_in", decision, before={"reason": decision.reason})


def _signed_name(category_id: int) -> str:
    signed = signed_map()
    for category in signed.categories if signed else ():
        if category.category_id == category_id and category.is_in_use:
            return category.name
    raise InvalidInput(
        "This category is not in the signed map, or not in use any more.", code="not_in_the_map"
    )


def _refuse_out_of_scope(category_id: int, name: str) -> None:
    if OutOfScopeCategory.objects.filter(category_id=category_id, taken_back_at=None).exists():
        raise Conflict(f"{name} is out of scope. Take that back first.", code="out_of_scope")


def _refuse_mapped(category_id: int, name: str) -> None:
    in_use = Intent.objects.exclude(state=Intent.State.ARCHIVED)
    served = ServedCategory.objects.filter(category_id=category_id).values("intent")
    mapped = in_use.filter(category_id=category_id) | in_use.filter(pk__in=served)
    labels = list(mapped.order_by("label").values_list("label", flat=True)[:5])
    if labels:
        raise Conflict(
            f"{name} is mapped to {', '.join(labels)}. Take the mapping back first.", code="category_mapped"
        )
