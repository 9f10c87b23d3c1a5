"""Example phrasings: row-by-row reports, duplicates with their place, moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.models import Activity
from intents.models import Example, Intent
from intents.phrasings import normalised
from intents.services import (
    NewExample,
    example_add,
    example_move,
    example_restore,
    example_retire,
    examples_add,
)


@pytest.mark.row("3.4")
def test_each_row_of_a_bulk_is_added_or_refused_with_its_reason(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    other = make_intent("bug_report")
    taken = example_add(actor=actor, intent=other, text="It is broken", origin="ticket", source_ref="T-1")
    intent = make_intent()
    report = examples_add(
        actor=actor,
        intent=intent,
        rows=[
            NewExample("Where is my invoice?", "ticket", "T-7"),
            NewExample("where is  my INVOICE", "ticket", "T-8"),
            NewExample("it is broken!", "ticket", "T-9"),
            NewExample("No source", "ticket"),
            NewExample("   ", "synthetic"),
            NewExample("x" * 2_001, "synthetic"),
            NewExample("NUL \x00", "synthetic"),
            NewExample("half \ud83d", "synthetic"),
            NewExample("Unknown origin", "rumour", "T-1"),
            NewExample("x" * 2_000, "synthetic"),
        ],
    )
    assert [(r.row, r.code) for r in report.refused] == [
        (2, "duplicate"),
        (3, "in_other_intent"),
        (4, "no_source"),
        (5, "empty"),
        (6, "too_long"),
        (7, "empty"),
        (8, "empty"),
        (9, "bad_origin"),
    ]
    assert report.refused[0].message == "The same phrasing as row 1."
    assert report.refused[1].message == f"It is example {taken.pk} of Bug report; move it from there."
    assert [e.text for e in report.added] == ["Where is my invoice?", "x" * 2_000]
    assert Example.objects.filter(intent=intent).count() == 2
    assert Activity.objects.get(verb="examples.added", target_id=str(intent.pk)).after == {
        "count": 2,
        "example_ids": [e.pk for e in report.added],
    }


def test_adding_the_same_rows_again_adds_nothing(make_intent: Callable[..., Intent], actor: Actor) -> None:
    intent = make_intent()
    rows = [NewExample("First", "ticket", "T-1"), NewExample("Second", "review", "R-1")]
    examples_add(actor=actor, intent=intent, rows=rows)
    again = examples_add(actor=actor, intent=intent, rows=rows)
    assert again.added == ()
    assert [r.code for r in again.refused] == ["duplicate", "duplicate"]
    assert Example.objects.count() == 2


def test_examples_are_kept_as_plain_text_on_one_line(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    text = "<p>Where is\nmy&nbsp;invoice?</p><script>alert(1)</script>"
    added = example_add(actor=actor, intent=make_intent(), text=text, origin="synthetic")
    assert added.text == "Where is my invoice?"


def test_too_many_rows_are_refused_whole(make_intent: Callable[..., Intent], actor: Actor) -> None:
    rows = [NewExample(f"Phrase {n}", "synthetic") for n in range(1_001)]
    with pytest.raises(InvalidInput) as refusal:
        examples_add(actor=actor, intent=make_intent(), rows=rows)
    assert refusal.value.code == "too_many_rows"
    assert Example.objects.count() == 0


@pytest.mark.row("3.4")
def test_the_database_refuses_a_real_example_without_a_source(make_intent: Callable[..., Intent]) -> None:
    intent = make_intent()
    with pytest.raises(IntegrityError), transaction.atomic():
        Example.objects.create(intent=intent, text="a", text_hash="a", origin="ticket", source_ref="")


def test_the_database_refuses_one_phrasing_twice_in_an_intent(make_intent: Callable[..., Intent]) -> None:
    intent = make_intent()
    Example.objects.create(intent=intent, text="a", text_hash="a", origin="synthetic")
    with pytest.raises(IntegrityError), transaction.atomic():
        Example.objects.create(intent=intent, text="A", text_hash="a", origin="synthetic")


def test_a_retired_phrasing_is_pointed_at_and_can_be_restored(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    intent = make_intent()
    example = example_add(actor=actor, intent=intent, text="Hello", origin="synthetic")
    example_retire(actor=actor, example=example)
    with pytest.raises(InvalidInput, match=f"retired example {example.pk}; restore it there"):
        example_add(actor=actor, intent=intent, text="hello!", origin="synthetic")
    example_restore(actor=actor, example=example)
    assert Example.objects.get().state == "active"


def test_a_phrasing_that_moved_to_another_intent_is_not_restored(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    billing, bugs = make_intent(), make_intent("bug_report")
    example = example_add(actor=actor, intent=billing, text="Hello", origin="synthetic")
    example_retire(actor=actor, example=example)
    example_add(actor=actor, intent=bugs, text="Hello", origin="synthetic")
    with pytest.raises(Conflict) as refusal:
        example_restore(actor=actor, example=example)
    assert refusal.value.code == "in_other_intent"
    assert Example.objects.get(pk=example.pk).state == "retired"


def test_an_example_moves_and_the_log_says_from_where(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    billing, bugs = make_intent(), make_intent("bug_report")
    example = example_add(actor=actor, intent=billing, text="Hello", origin="synthetic")
    stale = Example.objects.select_related("intent").get()
    example_move(actor=actor, example=example, to=bugs)
    with pytest.raises(Conflict) as refusal:
        example_move(actor=actor, example=stale, to=bugs)
    assert refusal.value.code == "stale_example"
    line = Activity.objects.get(verb="example.moved")
    assert (line.before, line.after) == ({"intent": "billing"}, {"intent": "bug_report"})
    assert Example.objects.get().intent == bugs


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("I can’t get in!", "i can't  get IN", True),
        ("Ｆｕｌｌ width", "full width", True),
        ("???", "??? ", True),
        ("???", "!!!", False),
        ("set up C++", "set up C#", False),
        ("refund", "refunds", False),
    ],
)
def test_case_marks_and_spacing_do_not_make_another_phrasing(one: str, other: str, same: bool) -> None:
    assert (normalised(one) == normalised(other)) is same
