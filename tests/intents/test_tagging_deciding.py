"""What becomes of a decision: an example, an off-topic text, a skip, a draft intent; and how it is undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.models import Activity, User
from intents.models import Example, Intent, TaggingDecision, TaggingItem
from intents.services import example_add, example_retire
from intents.tagging.claiming import items_take
from intents.tagging.contracts import Answer
from intents.tagging.deciding import decision_record, decision_undo
from intents.tagging.selectors import off_topic_texts, progress_of
from tests.intents.tagged import SUGGESTED, SYSTEM, policy, queue_up, say

pytestmark = pytest.mark.django_db
Make = Callable[..., Intent]


@pytest.fixture(autouse=True)
def tagged_once(db: None) -> None:
    policy(double_percent=0, golden_percent=0)


@pytest.fixture
def tara(with_role: Callable[[str, str], User]) -> Actor:
    return Actor.of_user(with_role("tara", "Tagger"))


@pytest.fixture
def lee(with_role: Callable[[str, str], User]) -> Actor:
    return Actor.of_user(with_role("lee", "Support lead"))


def _written() -> tuple[int, int, int, int]:
    return tuple(m.objects.count() for m in (TaggingDecision, Example, Intent, Activity))  # type: ignore[return-value]


@pytest.mark.row("3.8", "3.4")
def test_accepting_makes_an_example_whose_source_is_the_ticket(make_intent: Make, tara: Actor) -> None:
    make_intent("billing")
    item = queue_up("Where is my invoice of May?", **SUGGESTED)[0]
    done = say(tara, item, Answer.intent("billing"), shown_release=3, seconds=1.234)
    example = Example.objects.get()
    assert (example.text, example.origin, example.source_ref) == (item.text, "ticket", item.source_ref)
    assert (example.intent.slug, example.created_by_id) == ("billing", tara.id)
    decision = TaggingDecision.objects.get()
    assert (decision.person_id, decision.person_name, decision.role) == (tara.id, "tara", "first")
    assert (decision.suggested_slug, decision.suggested_confidence) == ("billing", 0.7)
    assert (decision.suggested_release, decision.suggested_version) == (3, 2)
    assert (decision.agreed, decision.seconds, decision.example_id) == (True, 1.2, example.pk)
    item.refresh_from_db()
    assert (item.state, item.outcome, item.intent_id, item.example_id) == (
        "decided",
        "intent",
        example.intent_id,
        example.pk,
    )
    assert done.is_new
    assert Activity.objects.filter(verb="message.tagged").count() == 1


@pytest.mark.row("3.8")
def test_choosing_another_intent_is_kept_as_not_agreed(make_intent: Make, tara: Actor) -> None:
    make_intent("billing")
    make_intent("bugs")
    item = queue_up("The invoice page is blank", **SUGGESTED)[0]
    decision = say(tara, item, Answer.intent("bugs"), shown_release=3).decision
    assert (decision.agreed, decision.suggested_slug) == (False, "billing")
    assert Example.objects.get().intent.slug == "bugs"


@pytest.mark.row("3.8")
def test_a_suggestion_that_was_not_shown_counts_as_none(make_intent: Make, tara: Actor) -> None:
    make_intent("billing")
    one, other = queue_up("Where is my invoice of May?", "Where is my invoice of June?", **SUGGESTED)
    for item, release in ((one, None), (other, 2)):
        decision = say(tara, item, Answer.intent("billing"), shown_release=release).decision
        assert (decision.agreed, decision.suggested_slug, decision.suggested_release) == (None, "", None)


@pytest.mark.row("3.8")
def test_a_suggestion_is_no_label_until_a_person_acts(make_intent: Make) -> None:
    make_intent("billing")
    item = queue_up("Where is my invoice of May?", **SUGGESTED)[0]
    before = _written()
    with pytest.raises(NotAllowed, match="Only a person"):
        say(SYSTEM, item, Answer.intent("billing"), shown_release=3)
    assert _written() == before
    assert not Example.objects.exists()


@pytest.mark.row("3.8")
def test_the_same_decision_sent_twice_is_kept_once(make_intent: Make, tara: Actor, lee: Actor) -> None:
    make_intent("billing")
    one, other = queue_up("Where is my invoice of May?", "Where is my invoice of June?")
    key = uuid.uuid4()
    sent = {"key": key, "answer": Answer.intent("billing"), "seconds": 1}
    first = decision_record(actor=tara, item_id=one.pk, **sent)
    written = _written()
    second = decision_record(actor=tara, item_id=one.pk, **sent)
    assert (first.is_new, second.is_new, second.decision.pk) == (True, False, first.decision.pk)
    for actor, item in ((tara, other), (lee, one)):
        with pytest.raises(Conflict) as refusal:
            decision_record(actor=actor, item_id=item.pk, **sent)
        assert refusal.value.code == "key_taken"
    assert _written() == written


@pytest.mark.row("3.8")
def test_who_may_not_tag_writes_nothing(make_intent: Make, with_role: Callable[[str, str], User]) -> None:
    make_intent("billing")
    item = queue_up("Where is my invoice of May?")[0]
    before = _written()
    for role in ("Reviewer", "KB owner", "Admin"):
        with pytest.raises(NotAllowed):
            say(Actor.of_user(with_role(role[:5], role)), item, Answer.intent("billing"))
    assert _written() == before


@pytest.mark.row("3.8", "3.17")
def test_off_topic_texts_are_kept_for_training_and_make_no_example(tara: Actor) -> None:
    one, other = queue_up("What is the weather like in Cork?", "Who won the match last night?")
    say(tara, one, Answer.off_topic())
    key = say(tara, other, Answer.off_topic()).decision.key
    assert off_topic_texts() == (one.text, other.text)
    decision_undo(actor=tara, key=key)
    assert off_topic_texts() == (one.text,)
    assert not Example.objects.exists()


@pytest.mark.row("3.8")
def test_a_skip_with_a_reason_closes_and_one_without_goes_to_somebody_else(tara: Actor, lee: Actor) -> None:
    reasoned, passed = queue_up("Thank you so much for that!", "It does not do the thing again")
    assert say(tara, reasoned, Answer.skip("no_request")).decision.skip_reason == "no_request"
    say(tara, passed, Answer.skip())
    states = dict(TaggingItem.objects.values_list("pk", "state"))
    assert states == {reasoned.pk: "skipped", passed.pk: "waiting"}
    assert items_take(actor=tara, want=5) == []
    assert [offer.item_id for offer in items_take(actor=lee, want=5)] == [passed.pk]
    say(lee, passed, Answer.skip())
    passed.refresh_from_db()
    assert passed.state == "skipped"


@pytest.mark.row("3.8")
def test_a_lead_creates_a_draft_intent_and_chooses_it(lee: Actor) -> None:
    item = queue_up("Can I print labels from the phone?")[0]
    done = say(lee, item, Answer.new_intent(" Label  printing ", "Sizes and printers."))
    intent = Intent.objects.get()
    assert (intent.slug, intent.label, intent.state) == ("label_printing", "Label printing", "draft")
    assert (intent.description, done.decision.intent_id) == ("Sizes and printers.", intent.pk)
    assert Example.objects.get().intent_id == intent.pk


@pytest.mark.row("3.8")
def test_a_tagger_proposes_an_intent_and_the_message_awaits_a_lead(tara: Actor) -> None:
    item = queue_up("Can I print labels from the phone?")[0]
    decision = say(tara, item, Answer.new_intent("Label printing", "Sizes.")).decision
    assert (decision.answer, decision.proposed_label, decision.proposed_description) == (
        "proposal",
        "Label printing",
        "Sizes.",
    )
    item.refresh_from_db()
    assert item.state == "adjudication"
    assert not Intent.objects.exists()
    assert not Example.objects.exists()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer.intent("nobody"), "no_intent"),
        (Answer.intent("old"), "no_intent"),
        (Answer.skip("because"), "bad_reason"),
        (Answer("praise"), "bad_answer"),
        (Answer.new_intent("???"), "bad_label"),
        (Answer.new_intent("x" * 101), "bad_label"),
        (Answer.new_intent("Billing"), "slug_taken"),
    ],
)
def test_an_answer_that_cannot_be_kept_writes_nothing(
    make_intent: Make, lee: Actor, answer: Answer, code: str
) -> None:
    make_intent("billing")
    make_intent("old", state="archived")
    item = queue_up("Where is my invoice of May?")[0]
    before = _written()
    with pytest.raises((InvalidInput, Conflict)) as refusal:
        say(lee, item, answer)
    assert refusal.value.code == code
    assert _written() == before
    item.refresh_from_db()
    assert item.state == "waiting"


def test_a_text_that_another_intent_has_by_now_is_refused_with_its_place(
    make_intent: Make, tara: Actor, actor: Actor
) -> None:
    make_intent("billing")
    item = queue_up("Where is my invoice of May?")[0]
    bugs = make_intent("bugs")
    example_add(actor=actor, intent=bugs, text=item.text, origin="ticket", source_ref="T-1")
    before = _written()
    with pytest.raises(InvalidInput, match="of Bugs; move it from there"):
        say(tara, item, Answer.intent("billing"))
    assert _written() == before


def test_an_example_that_is_there_by_now_is_named_and_outlives_an_undo(
    make_intent: Make, tara: Actor, actor: Actor
) -> None:
    billing = make_intent("billing")
    item = queue_up("Where is my invoice of May?")[0]
    theirs = example_add(actor=actor, intent=billing, text=item.text, origin="ticket", source_ref="T-1")
    done = say(tara, item, Answer.intent("billing"))
    item.refresh_from_db()
    assert (item.example_id, done.decision.example_id) == (theirs.pk, None)
    decision_undo(actor=tara, key=done.decision.key)
    theirs.refresh_from_db()
    assert theirs.state == "active"


@pytest.mark.row("3.8")
def test_undo_takes_several_levels_back_and_retires_the_examples(make_intent: Make, tara: Actor) -> None:
    make_intent("billing")
    items = queue_up("Where is my invoice of May?", "Where is my invoice of June?", "Is it going to rain?")
    keys = [say(tara, item, Answer.intent("billing")).decision.key for item in items[:2]]
    keys.append(say(tara, items[2], Answer.off_topic()).decision.key)
    for key in reversed(keys):
        assert decision_undo(actor=tara, key=key).is_new
    assert decision_undo(actor=tara, key=keys[0]).is_new is False
    assert set(Example.objects.values_list("state", flat=True)) == {"retired"}
    assert set(TaggingItem.objects.values_list("state", "outcome", "intent")) == {("waiting", "", None)}
    assert TaggingDecision.objects.standing().count() == 0
    assert TaggingDecision.objects.count() == 3
    assert {o.item_id for o in items_take(actor=tara, want=5)} == {item.pk for item in items}


@pytest.mark.row("3.8")
def test_after_an_undo_the_same_answer_restores_the_example_and_another_adds_one(
    make_intent: Make, tara: Actor
) -> None:
    make_intent("billing")
    make_intent("bugs")
    item = queue_up("Where is my invoice of May?")[0]
    for slug in ("billing", "billing", "bugs"):
        key = say(tara, item, Answer.intent(slug)).decision.key
        assert Example.objects.active().get().intent.slug == slug
        decision_undo(actor=tara, key=key)
    assert Example.objects.active().count() == 0
    assert Example.objects.count() == 2


def test_only_ones_own_decisions_are_taken_back(make_intent: Make, tara: Actor, lee: Actor) -> None:
    make_intent("billing")
    item = queue_up("Where is my invoice of May?")[0]
    key = say(tara, item, Answer.intent("billing")).decision.key
    with pytest.raises(NotAllowed):
        decision_undo(actor=lee, key=key)
    with pytest.raises(NotFound):
        decision_undo(actor=lee, key=uuid.uuid4())
    assert Example.objects.active().count() == 1


def test_an_example_that_somebody_retired_meanwhile_does_not_stop_an_undo(
    make_intent: Make, tara: Actor, actor: Actor
) -> None:
    make_intent("billing")
    item = queue_up("Where is my invoice of May?")[0]
    key = say(tara, item, Answer.intent("billing")).decision.key
    example_retire(actor=actor, example=Example.objects.get())
    assert decision_undo(actor=tara, key=key).is_new


@pytest.mark.row("3.3", "3.8")
def test_an_intent_with_enough_phrasings_is_noted_calmly_and_takes_more(
    make_intent: Make, tara: Actor
) -> None:
    make_intent("billing", real=11)
    one, other = queue_up("Where is my invoice of May?", "Where is my bill of June 2025?")
    assert say(tara, one, Answer.intent("billing")).note == ""
    note = say(tara, other, Answer.intent("billing")).note
    assert note == "Billing has 13 real phrasings now; 8 to 12 are enough before the pilot."
    assert Example.objects.active().count() == 13


def test_progress_counts_todays_decisions_and_what_is_left(make_intent: Make, tara: Actor) -> None:
    make_intent("billing")
    items = queue_up("Where is my invoice of May?", "Where is my invoice of June?", "Is it going to rain?")
    say(tara, items[0], Answer.intent("billing"))
    progress = progress_of(tara.id or 0)
    assert (progress.today, progress.left, progress.awaiting_second) == (1, 2, 0)
