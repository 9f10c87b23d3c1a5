"""What blocks a training: counts of real phrasings, one text in two intents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import Conflict
from intents.models import Example, Intent
from intents.phrasings import text_hash
from intents.readiness import training_readiness


@pytest.mark.row("3.3")
def test_seven_real_examples_block_and_eight_do_not(make_intent: Callable[..., Intent]) -> None:
    make_intent("bug_report", real=8)
    make_intent("billing", real=7)
    [blocker] = training_readiness().blockers
    assert blocker.code == "too_few_examples"
    assert blocker.extra == {
        "intents": [{"slug": "billing", "real_examples": 7, "synthetic_examples": 0, "missing": 1}]
    }
    assert "Billing (7)" in blocker.message
    assert "Bug report" not in blocker.message


@pytest.mark.row("3.4")
def test_synthetic_examples_never_count_to_the_eight(make_intent: Callable[..., Intent]) -> None:
    make_intent("bug_report", real=8, synthetic=3)
    make_intent("billing", real=7, synthetic=30)
    readiness = training_readiness()
    assert [b.code for b in readiness.blockers] == ["too_few_examples"]
    assert readiness.example_counts == {
        "billing": {"real": 7, "synthetic": 30},
        "bug_report": {"real": 8, "synthetic": 3},
    }


@pytest.mark.row("3.3")
def test_retired_examples_do_not_count(make_intent: Callable[..., Intent]) -> None:
    make_intent("bug_report", real=8)
    intent = make_intent("billing", real=8)
    Example.objects.filter(pk=intent.examples.first().pk).update(state="retired")
    assert training_readiness().example_counts["billing"] == {"real": 7, "synthetic": 0}


@pytest.mark.row("3.3")
def test_more_than_twelve_are_fine_and_more_than_two_hundred_warn(
    make_intent: Callable[..., Intent], after_the_pilot: None
) -> None:
    make_intent("bug_report", real=200)
    make_intent("billing", real=199, synthetic=2)
    readiness = training_readiness()
    assert readiness.blockers == ()
    assert [(w.code, w.extra) for w in readiness.warnings] == [
        ("very_many_examples", {"slug": "billing", "examples": 201})
    ]


@pytest.mark.row("3.5")
def test_the_same_text_in_two_intents_blocks_with_both_places(make_intent: Callable[..., Intent]) -> None:
    intents = [make_intent("bug_report", real=8), make_intent("billing", real=8)]
    examples = [
        Example.objects.create(intent=i, text=t, text_hash=text_hash(t), origin="ticket", source_ref="T-1")
        for i, t in zip(intents, ("It does not work", "it does NOT work!"), strict=True)
    ]
    [blocker] = training_readiness().blockers
    assert blocker.code == "same_text_in_two_intents"
    assert blocker.extra["texts"][0]["examples"] == [
        {"id": examples[0].pk, "intent": "bug_report"},
        {"id": examples[1].pk, "intent": "billing"},
    ]
    assert "“It does not work” in Bug report and Billing" in blocker.message


def test_drafts_and_archived_intents_are_left_out(make_intent: Callable[..., Intent]) -> None:
    make_intent("bug_report", real=8)
    make_intent("billing", real=8)
    make_intent("draft", real=1, state="draft")
    make_intent("old", real=1, state="archived")
    assert training_readiness().blockers == ()


def test_a_single_intent_is_nothing_to_tell_apart(make_intent: Callable[..., Intent]) -> None:
    make_intent("bug_report", real=8)
    with pytest.raises(Conflict) as refusal:
        training_readiness().refuse_if_blocked()
    assert refusal.value.code == "too_few_intents"
    assert refusal.value.extra == {"too_few_intents": {"active_intents": 1}}


@pytest.mark.parametrize("rows", [3, 30])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    make_intent: Callable[..., Intent],
    after_the_pilot: None,
    rows: int,
    django_assert_num_queries: Callable[..., object],
) -> None:
    for number in range(rows):
        make_intent(f"intent_{number}", real=2)
    with django_assert_num_queries(2):
        training_readiness()
