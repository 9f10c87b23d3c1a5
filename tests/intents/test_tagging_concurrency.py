"""Taggers at the same moment: nobody gets another's message, and one answer makes one example."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from core.actors import Actor
from core.errors import Conflict
from core.models import User
from intents.models import Example, TaggingDecision, TaggingItem
from intents.services import intent_create
from intents.tagging.claiming import items_take
from intents.tagging.contracts import Answer
from intents.tagging.deciding import decision_record
from tests.intents.tagged import SYSTEM, policy, queue_up

pytestmark = pytest.mark.django_db(transaction=True)
Role = Callable[[str, str], User]


def _together(acts: list[Callable[[], object]]) -> list[object]:
    """Do them at once; return what each gave, None where it was refused as a Conflict."""

    def do(act: Callable[[], object]) -> object:
        try:
            return act()
        except Conflict:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(do, acts))


@pytest.fixture
def people(with_role: Role) -> list[Actor]:
    policy(double_percent=0, golden_percent=0)
    intent_create(actor=SYSTEM, slug="billing", label="Billing", state="active")
    return [Actor.of_user(with_role(f"tagger{n}", "Tagger")) for n in range(6)]


@pytest.mark.row("3.9", "R23")
def test_six_people_who_take_at_once_get_different_messages(people: list[Actor]) -> None:
    queue_up(*(f"Where is invoice number {n}?" for n in range(40)))
    taken = _together([lambda actor=actor: items_take(actor=actor, want=6) for actor in people])
    ids = [offer.item_id for offers in taken for offer in offers]  # type: ignore[attr-defined]
    assert len(ids) == len(set(ids)) == 36


@pytest.mark.row("3.8", "R23")
def test_of_many_who_decide_one_message_at_once_exactly_one_is_kept(people: list[Actor]) -> None:
    item = queue_up("Where is my invoice of May?")[0]

    def decide(actor: Actor, key: uuid.UUID) -> bool:
        return decision_record(
            actor=actor, key=key, item_id=item.pk, answer=Answer.intent("billing"), seconds=1
        ).is_new

    done = _together([lambda actor=actor: decide(actor, uuid.uuid4()) for actor in people])
    assert sorted(map(str, done)) == ["None"] * 5 + ["True"]
    assert (TaggingDecision.objects.count(), Example.objects.count()) == (1, 1)
    assert TaggingItem.objects.get().state == "decided"


@pytest.mark.row("3.8", "R35")
def test_one_decision_sent_eight_times_at_once_is_kept_once(people: list[Actor]) -> None:
    item = queue_up("Where is my invoice of May?")[0]
    key = uuid.uuid4()

    def send() -> bool:
        return decision_record(
            actor=people[0], key=key, item_id=item.pk, answer=Answer.intent("billing"), seconds=1
        ).is_new

    done = _together([send] * 8)
    assert sorted(map(str, done)) == ["False"] * 7 + ["True"]
    assert (TaggingDecision.objects.count(), Example.objects.count()) == (1, 1)
