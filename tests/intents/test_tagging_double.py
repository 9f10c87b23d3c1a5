"""Two people for one message: claims, blind seconds, agreement, a lead's verdict, golden messages, policy."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.actors import Actor
from core.agreement import DoubleTag
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from intents.models import Example, Intent, TaggingDecision, TaggingItem
from intents.tagging.claiming import items_release, items_take
from intents.tagging.contracts import Answer
from intents.tagging.deciding import decision_record, decision_undo
from intents.tagging.policy import tagging_policy, tagging_policy_save
from intents.tagging.selectors import disagreements, double_tags, people_figures, progress_of
from intents.tagging.settling import golden_mark, item_settle, item_unsettle
from tests.intents.tagged import SUGGESTED, policy, queue_up, say

pytestmark = pytest.mark.django_db
TEXT = "Where is my invoice of May?"


@pytest.fixture(autouse=True)
def all_tagged_twice(db: None, make_intent: Callable[..., Intent]) -> None:
    policy(double_percent=100, golden_percent=0)
    for slug in ("billing", "bugs"):
        make_intent(slug)


@pytest.fixture
def tara(with_role: Callable[[str, str], User]) -> Actor:
    return Actor.of_user(with_role("tara", "Tagger"))


@pytest.fixture
def timo(with_role: Callable[[str, str], User]) -> Actor:
    return Actor.of_user(with_role("timo", "Tagger"))


@pytest.fixture
def lee(with_role: Callable[[str, str], User]) -> Actor:
    return Actor.of_user(with_role("lee", "Support lead"))


def _settle(actor: Actor, item: TaggingItem, answer: Answer) -> TaggingDecision:
    return item_settle(actor=actor, key=uuid.uuid4(), item_id=item.pk, answer=answer)


def _state(item: TaggingItem) -> str:
    item.refresh_from_db()
    return item.state


@pytest.mark.row("3.9")
def test_a_message_for_two_yields_one_example_when_both_agree(tara: Actor, timo: Actor) -> None:
    item = queue_up(TEXT)[0]
    say(tara, item, Answer.intent("billing"))
    assert (_state(item), item.is_double) == ("waiting", True)
    assert not Example.objects.exists()
    second = say(timo, item, Answer.intent("billing"))
    assert second.decision.role == "second"
    assert _state(item) == "decided"
    example = Example.objects.get()
    assert (example.intent.slug, item.example_id, example.created_by_id) == ("billing", example.pk, timo.id)


@pytest.mark.row("3.9")
def test_the_first_person_never_gets_the_message_again(tara: Actor, timo: Actor) -> None:
    item = queue_up(TEXT)[0]
    say(tara, item, Answer.intent("billing"))
    assert items_take(actor=tara, want=5) == []
    assert progress_of(tara.id or 0).awaiting_second == 1
    with pytest.raises(Conflict) as refusal:
        say(tara, item, Answer.intent("billing"))
    assert refusal.value.code == "already_decided"
    assert [offer.item_id for offer in items_take(actor=timo, want=5)] == [item.pk]


@pytest.mark.row("3.9")
def test_the_second_person_sees_no_suggestion_unless_the_policy_lets_them(tara: Actor, timo: Actor) -> None:
    item = queue_up(TEXT, **SUGGESTED)[0]
    first = items_take(actor=tara, want=1)[0].suggestion
    assert first is not None
    assert (first.slug, first.confidence, first.alternatives) == (
        "billing",
        0.7,
        (("bugs", 0.2), ("exports", 0.05)),
    )
    say(tara, item, Answer.intent("billing"))
    assert items_take(actor=timo, want=1)[0].suggestion is None
    policy(is_blind=False)
    assert items_take(actor=timo, want=1)[0].suggestion == first


@pytest.mark.row("3.9")
def test_who_disagrees_leaves_the_message_to_a_lead_who_sees_both(
    tara: Actor, timo: Actor, lee: Actor
) -> None:
    item = queue_up(TEXT)[0]
    say(tara, item, Answer.intent("billing"))
    say(timo, item, Answer.intent("bugs"))
    assert _state(item) == "adjudication"
    assert not Example.objects.exists()
    shown = disagreements()[0].standing_decisions  # type: ignore[attr-defined]
    assert [(d.person_name, d.answer_label) for d in shown] == [("tara", "Billing"), ("timo", "Bugs")]
    for tagger in (tara, timo):
        with pytest.raises(NotAllowed):
            _settle(tagger, item, Answer.intent("bugs"))
    assert not Example.objects.exists()
    _settle(lee, item, Answer.intent("bugs"))
    assert (_state(item), item.is_golden) == ("decided", True)
    assert Example.objects.get().intent.slug == "bugs"
    assert list(disagreements()) == []
    with pytest.raises(Conflict) as refusal:
        _settle(lee, item, Answer.intent("billing"))
    assert refusal.value.code == "settled_meanwhile"
    assert Example.objects.count() == 1


@pytest.mark.row("3.9")
def test_a_settlement_sent_twice_is_kept_once_and_can_be_taken_back(
    tara: Actor, timo: Actor, lee: Actor
) -> None:
    item = queue_up(TEXT)[0]
    say(tara, item, Answer.intent("billing"))
    say(timo, item, Answer.off_topic())
    key = uuid.uuid4()
    twice = [
        item_settle(actor=lee, key=key, item_id=item.pk, answer=Answer.intent("billing")) for _ in range(2)
    ]
    assert twice[0].pk == twice[1].pk
    with pytest.raises(NotAllowed):
        item_unsettle(actor=tara, decision=twice[0])
    item_unsettle(actor=lee, decision=twice[0])
    assert (_state(item), item.is_golden, item.outcome) == ("adjudication", False, "")
    assert Example.objects.get().state == "retired"
    _settle(lee, item, Answer.off_topic())
    assert (_state(item), item.outcome) == ("decided", "off_topic")


@pytest.mark.row("3.9")
def test_a_lead_turns_a_proposal_into_a_draft_intent(tara: Actor, lee: Actor) -> None:
    item = queue_up("Can I print labels from the phone?")[0]
    say(tara, item, Answer.new_intent("Label printing"))
    decision = _settle(lee, item, Answer.new_intent("Printing", "Labels and printers."))
    intent = Intent.objects.get(slug="printing")
    assert (decision.intent_id, intent.state, intent.description) == (
        intent.pk,
        "draft",
        "Labels and printers.",
    )
    assert Example.objects.get().intent_id == intent.pk


@pytest.mark.row("3.9")
def test_a_decision_that_a_second_person_has_gone_on_from_cannot_be_undone(tara: Actor, timo: Actor) -> None:
    item = queue_up(TEXT)[0]
    first = say(tara, item, Answer.intent("billing")).decision
    second = say(timo, item, Answer.intent("billing")).decision
    with pytest.raises(Conflict) as refusal:
        decision_undo(actor=tara, key=first.key)
    assert refusal.value.code == "built_upon"
    decision_undo(actor=timo, key=second.key)
    assert (_state(item), Example.objects.get().state) == ("waiting", "retired")
    decision_undo(actor=tara, key=first.key)
    assert TaggingDecision.objects.standing().count() == 0


@pytest.mark.row("3.9")
def test_the_share_of_messages_for_two_is_that_of_the_policy(tara: Actor) -> None:
    policy(double_percent=20)
    items = queue_up(*(f"Where is my invoice number {n} of May?" for n in range(60)))
    for item in items:
        say(tara, item, Answer.intent("billing"))
    doubles = TaggingItem.objects.filter(is_double=True).count()
    assert doubles == TaggingItem.objects.waiting().count()
    assert 5 <= doubles <= 20
    assert Example.objects.count() == 60 - doubles


@pytest.mark.row("3.9", "R23")
def test_two_people_never_hold_the_same_message_until_a_claim_expires(tara: Actor, timo: Actor) -> None:
    items = queue_up(*(f"Where is invoice {n}?" for n in range(6)))
    mine = {offer.item_id for offer in items_take(actor=tara, want=3)}
    theirs = {offer.item_id for offer in items_take(actor=timo, want=6)}
    assert (len(mine), len(theirs)) == (3, 3)
    assert not mine & theirs
    held = next(item for item in items if item.pk in mine)
    with pytest.raises(Conflict) as refusal:
        say(timo, held, Answer.intent("billing"))
    assert refusal.value.code == "claimed"
    TaggingItem.objects.filter(pk=held.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert [offer.item_id for offer in items_take(actor=timo, want=6, held=theirs)] == [held.pk]
    with pytest.raises(Conflict):
        say(tara, held, Answer.intent("billing"))
    assert not TaggingDecision.objects.exists()


@pytest.mark.row("3.9")
def test_a_reload_gives_the_same_messages_and_holding_renews_the_claim(tara: Actor, timo: Actor) -> None:
    queue_up(*(f"Where is invoice {n}?" for n in range(6)))
    first = [offer.item_id for offer in items_take(actor=tara, want=3)]
    assert [offer.item_id for offer in items_take(actor=tara, want=3)] == first
    soon = timezone.now() + timedelta(seconds=5)
    TaggingItem.objects.filter(pk__in=first).update(claimed_until=soon)
    assert items_take(actor=tara, want=0, held=first) == []
    assert TaggingItem.objects.filter(pk__in=first, claimed_until__gt=soon).count() == 3
    assert items_release(actor=timo, held=first) == 0
    assert items_release(actor=tara, held=first) == 3
    assert len(items_take(actor=timo, want=10)) == 6


@pytest.mark.row("3.9")
def test_the_database_keeps_one_first_and_one_standing_decision_a_person(tara: Actor, timo: Actor) -> None:
    item = queue_up(TEXT)[0]
    decision = say(tara, item, Answer.intent("billing")).decision
    for changes in ({"person_id": timo.id}, {"role": "second"}):
        twin = TaggingDecision.objects.get(pk=decision.pk)
        twin.pk, twin.key = None, uuid.uuid4()
        twin._state.adding = True
        for name, value in changes.items():
            setattr(twin, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save()


@pytest.mark.row("3.9")
def test_golden_messages_come_unmarked_once_each_and_show_who_is_right(
    tara: Actor, timo: Actor, lee: Actor
) -> None:
    policy(double_percent=0, golden_percent=0)
    known, other, *ordinary = queue_up(TEXT, "The page is blank", *(f"Invoice {n}?" for n in range(30)))
    say(lee, known, Answer.intent("billing"))
    say(lee, other, Answer.intent("bugs"))
    for item in (known, other):
        golden_mark(actor=lee, item_id=item.pk, is_golden=True)
    policy(golden_percent=50)
    offers = items_take(actor=tara, want=20)
    golden = [o.item_id for o in offers if o.item_id in (known.pk, other.pk)]
    assert set(golden) == {known.pk, other.pk}
    assert {o.item_id for o in items_take(actor=tara, want=20)} == {o.item_id for o in offers}
    assert {o.item_id for o in items_take(actor=lee, want=20)}.isdisjoint(golden)
    examples = Example.objects.count()
    say(tara, known, Answer.intent("billing"))
    wrong = say(tara, other, Answer.intent("billing")).decision
    say(timo, other, Answer.skip())
    assert (wrong.role, wrong.golden_right) == ("golden", False)
    assert Example.objects.count() == examples
    assert (_state(other), other.intent.slug if other.intent else "") == ("decided", "bugs")
    figures = {f.name: f.golden for f in people_figures()}
    assert (figures["tara"].part, figures["tara"].whole) == (1, 2)
    assert (figures["timo"].part, figures["timo"].whole) == (0, 1)
    assert figures["lee"].whole == 0
    assert not {o.item_id for o in items_take(actor=tara, want=20)} & {known.pk, other.pk}
    decision_undo(actor=tara, key=wrong.key)
    assert _state(other) == "decided"
    assert len(ordinary) == 30


@pytest.mark.row("3.9")
def test_only_a_lead_marks_golden_messages_and_only_decided_ones(tara: Actor, lee: Actor) -> None:
    policy(double_percent=0)
    one, waiting = queue_up(TEXT, "The page is blank")
    say(tara, one, Answer.intent("billing"))
    with pytest.raises(NotAllowed):
        golden_mark(actor=tara, item_id=one.pk, is_golden=True)
    with pytest.raises(Conflict):
        golden_mark(actor=lee, item_id=waiting.pk, is_golden=True)
    assert not TaggingItem.objects.golden().exists()
    golden_mark(actor=lee, item_id=one.pk, is_golden=True)
    golden_mark(actor=lee, item_id=one.pk, is_golden=True)
    assert Activity.objects.filter(verb="message.golden_marked").count() == 1


@pytest.mark.row("3.9")
def test_double_tags_are_read_with_their_people_and_answers(tara: Actor, timo: Actor, lee: Actor) -> None:
    one, other, single = queue_up(TEXT, "The page is blank", "Is it going to rain?")
    say(tara, one, Answer.intent("billing"))
    say(timo, one, Answer.intent("billing"))
    say(timo, other, Answer.off_topic())
    say(tara, other, Answer.skip("unclear"))
    say(tara, single, Answer.off_topic())
    _settle(lee, other, Answer.off_topic())
    assert double_tags() == [
        DoubleTag("timo", "Off-topic", "tara", "Skipped"),
        DoubleTag("tara", "Billing", "timo", "Billing"),
    ]


@pytest.mark.row("3.9")
def test_the_policy_is_one_row_that_a_lead_changes_within_bounds(tara: Actor, lee: Actor) -> None:
    saved = tagging_policy_save(actor=lee, double_percent=35, is_blind=False)
    assert (saved.double_percent, saved.golden_percent, saved.is_blind) == (35, 0, False)
    with pytest.raises(NotAllowed):
        tagging_policy_save(actor=tara, double_percent=0)
    for bad in ({"double_percent": 101}, {"golden_percent": 60}, {"queue_size": 5}, {"color": 1}):
        with pytest.raises(InvalidInput):
            tagging_policy_save(actor=lee, **bad)
    assert tagging_policy().double_percent == 35


@pytest.mark.row("3.9")
def test_a_message_that_left_meanwhile_is_refused(tara: Actor) -> None:
    item = queue_up(TEXT)[0]
    TaggingItem.objects.filter(pk=item.pk).delete()
    with pytest.raises(Exception, match="left the inbox"):
        decision_record(actor=tara, key=uuid.uuid4(), item_id=item.pk, answer=Answer.off_topic(), seconds=1)
    assert not TaggingDecision.objects.exists()
