"""Giving people the next messages, so that no two hold the same one.

A claim lasts a few minutes and is made by one UPDATE that only takes what is free. Golden messages are
settled already, so anybody may have them, each person once. Decides nothing about a message.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from core.actors import Actor
from core.errors import NotAllowed
from core.permissions import require
from core.writing import write_transaction
from intents.models import TaggingDecision, TaggingItem, TaggingPolicy
from intents.tagging import workflow
from intents.tagging.contracts import Offer, Suggestion
from intents.tagging.policy import tagging_policy
from intents.tagging.querysets import TaggingItemQuerySet
from intents.tagging.sampling import draw
from intents.tagging.suggesting import suggestions_renew

TAG = "intents.tag_message"
GOLDEN_POOL = 500


def person_of(actor: Actor) -> int:
    """Return the id of the person who acts; only people tag."""
    require(actor, TAG)
    if actor.user_id is None:
        raise NotAllowed("Only a person can say what a message means.", code="not_a_person")
    return actor.user_id


def items_take(*, actor: Actor, want: int, held: Collection[int] = ()) -> list[Offer]:
    """Claim up to ``want`` more messages for this person and renew the claims on those ``held``.

    Those that the person has a claim on and does not hold come first, such as after the page was reloaded.
    """
    person = person_of(actor)
    now = timezone.now()
    until = now + timedelta(seconds=workflow.LEASE_SECONDS)
    want = max(0, min(want, workflow.MAX_TAKEN))
    policy = tagging_policy()
    with write_transaction():
        own = TaggingItem.objects.waiting().filter(pk__in=held, claimed_by=person)
        own.update(claimed_until=until)
        free = TaggingItem.objects.waiting().free_for(person, now).not_seen_by(person)
        # where rows can be locked, those that somebody is about to take are passed over at once
        in_order = free.exclude(pk__in=held).order_by("position", "id")
        locked = in_order.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        wanted = list(locked.values_list("pk", flat=True)[:want])
        still_free = TaggingItem.objects.waiting().filter(pk__in=wanted).free_for(person, now)
        still_free.update(claimed_by=person, claimed_until=until)
    mine = TaggingItem.objects.waiting().filter(pk__in=wanted, claimed_by=person, claimed_until=until)
    ordinary = list(_shown(mine).order_by("position", "id"))
    given = _mixed(ordinary, person, held, policy)
    suggestions_renew(given)
    return [_offer(item, policy) for item in given]


def items_release(*, actor: Actor, held: Collection[int]) -> int:
    """Give back what the person holds and has not decided; return how many."""
    person = person_of(actor)
    mine = TaggingItem.objects.waiting().filter(pk__in=held, claimed_by=person)
    return mine.update(claimed_by=None, claimed_until=None)


def offer_of(item_id: int) -> Offer:
    """Return one message as its tagger sees it."""
    return _offer(_shown(TaggingItem.objects.all()).get(pk=item_id), tagging_policy())


def _shown(items: TaggingItemQuerySet) -> QuerySet[Any]:
    """Add whether somebody has tagged it already, and its category."""
    first = TaggingDecision.objects.standing().filter(item=OuterRef("pk"), role=workflow.FIRST)
    return items.annotate(has_first=Exists(first)).select_related("category").defer("vector")


def _mixed(ordinary: list[Any], person: int, held: Collection[int], policy: TaggingPolicy) -> list[Any]:
    """Put golden messages among the others, where a draw by person and number of decisions says so."""
    if not policy.golden_percent or not ordinary:
        return ordinary
    next_number = TaggingDecision.objects.filter(person=person).count() + len(held)
    places = [
        place
        for place in range(len(ordinary))
        if 100 * draw(f"{person}:{next_number + place}", "golden") < policy.golden_percent
    ]
    golden = _golden_for(person, held, len(places)) if places else []
    mixed: list[Any] = []
    for place, item in enumerate(ordinary):
        if golden and place in places:
            mixed.append(golden.pop(0))
        mixed.append(item)
    return mixed


def _golden_for(person: int, held: Collection[int], count: int) -> list[Any]:
    """Return golden messages that this person has not seen, each person's in an order of their own."""
    unseen = TaggingItem.objects.golden().not_seen_by(person).exclude(pk__in=held)
    ids = unseen.order_by("-id").values_list("pk", flat=True)[:GOLDEN_POOL]
    chosen = sorted(ids, key=lambda pk: draw(f"{person}:{pk}", "golden item"))[:count]
    return list(_shown(TaggingItem.objects.filter(pk__in=chosen)))


def _offer(item: Any, policy: TaggingPolicy) -> Offer:
    is_second = item.state == workflow.WAITING and item.has_first
    return Offer(
        item_id=item.pk,
        text=item.text,
        ticket_id=item.ticket_id,
        source_ref=item.source_ref,
        category=item.category.name if item.category else "",
        closed_at=item.closed_at,
        suggestion=None if is_second and policy.is_blind else _suggestion(item),
    )


def _suggestion(item: TaggingItem) -> Suggestion | None:
    if not item.suggested_slug or item.release is None or item.confidence is None:
        return None
    return Suggestion(
        slug=item.suggested_slug,
        confidence=item.confidence,
        alternatives=tuple((slug, score) for slug, score in item.alternatives),
        release=item.release,
        model_version=item.model_version or 0,
    )
