"""Slot values in customers' words: what is found, what is not guessed. No database."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.flows.definition import flow_read
from runtime.flows.leaving import ANSWER, CANCEL, NO_ANSWER, WORDY, message_kind, switches
from runtime.flows.slot_types import SLOT_TYPES, SlotSpec
from runtime.flows.slots import fill, find, yes_or_no
from tests.runtime.flows import DONE, INVOICE, collect, definition

TODAY = date(2026, 3, 10)  # a Tuesday
PLAN = SlotSpec("choice", choices=("Starter", "Team", "Enterprise"))


def values(kind: str, text: str, asked: bool = True, **spec) -> list[str]:
    return [one.value for one in find(text, SlotSpec(kind, **spec), today=TODAY, asked=asked)]


@pytest.mark.row("3.11")
@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("email", "it's Kim.O'Hara+x@Example.COM.", ["Kim.O'Hara+x@example.com"]),
        ("email", "kim [at] example [dot] com", ["kim@example.com"]),
        ("email", "kim@localhost or @kim", []),
        ("reference", "invoice inv-204, please", ["INV-204"]),
        ("reference", "order #20417", ["20417"]),
        ("reference", "of 2026-03-04 or 12:30", []),
        ("amount", "1,234.50", ["1234.50"]),
        ("amount", "€12", ["12.00 EUR"]),
        ("amount", "$1.2k", ["1200.00 USD"]),
        ("amount", "1.234,50 EUR", ["1234.50 EUR"]),
        ("amount", "about 50 dollars", ["50.00 USD"]),
        ("amount", "INV-204 of 3 March", []),
        ("date", "2026-03-04", ["2026-03-04"]),
        ("date", "on the 3rd of March", ["2026-03-03"]),
        ("date", "March 3, 2025", ["2025-03-03"]),
        ("date", "yesterday", ["2026-03-09"]),
        ("date", "two weeks ago", ["2026-02-24"]),
        ("date", "28 December", ["2025-12-28"]),
        ("date", "13/04/2026", ["2026-04-13"]),
        ("date", "03/04/2026", []),
        ("date", "31 February", []),
        ("phone", "call +49 30 901820 now", ["+4930901820"]),
        ("phone", "030 901820", []),
        ("yes_no", "Yes, please", ["yes"]),
        ("yes_no", "nope", ["no"]),
        ("yes_no", "maybe", []),
        ("text", "  it fails \n", ["it fails"]),
        ("text", "…", []),
    ],
)
def test_a_value_is_found_in_free_text(kind: str, text: str, expected: list[str]) -> None:
    assert values(kind, text) == expected


@pytest.mark.row("3.11")
def test_a_date_with_two_readings_is_read_by_the_flows_setting_or_not_at_all() -> None:
    assert values("date", "03/04/2026", date_order="ask") == []
    assert values("date", "03/04/2026", date_order="day_first") == ["2026-04-03"]
    assert values("date", "03/04/2026", date_order="month_first") == ["2026-03-04"]
    assert values("date", "04/04/2026", date_order="ask") == ["2026-04-04"]


@pytest.mark.row("3.11")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("we are on the team plan", ["Team"]),
        ("enterprize", ["Enterprise"]),
        ("Starter or Team", []),
        ("steam", []),
        ("no idea which one we have", []),
    ],
)
def test_a_choice_is_named_or_nearly_named(text: str, expected: list[str]) -> None:
    assert [one.value for one in find(text, PLAN, today=TODAY, asked=True)] == expected


@pytest.mark.row("3.11")
def test_one_message_fills_several_slots_and_no_place_fills_two() -> None:
    specs = {
        "amount": SlotSpec("amount"),
        "story": SlotSpec("text"),
        "first": SlotSpec("date"),
        "second": SlotSpec("date"),
        "email": SlotSpec("email"),
        "invoice": SlotSpec("reference"),
    }
    text = "From 3 March to 5 March INV-204 was wrong, 50 EUR too much; my email is a@b.com"
    found = {name: one.value for name, one in fill(text, specs, asked="", today=TODAY).items()}
    assert found == {
        "amount": "50.00 EUR",
        "first": "2026-03-03",
        "second": "2026-03-05",
        "email": "a@b.com",
        "invoice": "INV-204",
    }
    assert fill(text, specs, asked="story", today=TODAY)["story"].value == text


def test_what_was_not_asked_for_is_taken_only_where_it_cannot_be_mistaken() -> None:
    assert values("amount", "it was 50", asked=False) == []
    assert values("yes_no", "yes", asked=False) == []
    assert values("text", "hello", asked=False) == []
    assert [one.value for one in find("enterprize", PLAN, today=TODAY, asked=False)] == []


def test_a_pattern_of_the_flow_is_run_in_linear_time() -> None:
    started = time.perf_counter()
    assert values("reference", "a" * 4000, pattern="(a*)*b") == []
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", True),
        ("👍", True),
        ("ok, go ahead", True),
        ("yes but it still fails", None),
        ("No, the other one", False),
        ("not yet", False),
        ("it doesn't", False),
        ("what do you mean?", None),
        ("notes are gone", None),
    ],
)
def test_yes_and_no_are_understood_and_a_but_is_neither(text: str, expected: bool | None) -> None:
    assert yes_or_no(text) is expected


@given(st.text(max_size=200), st.sampled_from(list(SLOT_TYPES)), st.booleans())
def test_whatever_is_written_every_value_stands_where_it_is_said_to(text, kind, asked) -> None:
    spec = SlotSpec(kind, choices=("Team", "Starter"), region="GB")
    end = 0
    for found in find(text, spec, today=TODAY, asked=asked):
        assert 0 <= found.start < found.end <= len(text)
        assert found.value.strip()
        if kind != "phone":
            assert found.start >= end
        end = found.end


@pytest.mark.row("3.11")
@pytest.mark.parametrize(
    ("step", "text", "kind"),
    [
        ("ask_email", "kim@example.com", ANSWER),
        ("ask_email", "sure, it is kim@example.com, thanks", ANSWER),
        ("ask_email", "kim@example.com and by the way my whole team cannot see any of the reports", WORDY),
        ("ask_email", "how do I add a colleague?", NO_ANSWER),
        ("ask_email", "never mind", CANCEL),
        ("ask_email", "please cancel that, thanks", CANCEL),
        ("ask_email", "cancel my subscription", NO_ANSWER),
        ("solved", "yes", ANSWER),
        ("solved", "no, and now I also want to know how to add people to it", WORDY),
        ("solved", "where is it?", NO_ANSWER),
    ],
)
def test_what_a_message_is_to_the_question(step: str, text: str, kind: str) -> None:
    assert message_kind(flow_read(INVOICE), step, text, today=TODAY) == kind


def test_a_choice_that_is_called_cancel_is_an_answer() -> None:
    flow = flow_read(definition(collect("a", "x", "choice", choices=["Cancel", "Keep"]), DONE))
    assert message_kind(flow, "a", "cancel", today=TODAY) == ANSWER


def test_another_subject_is_announced_by_words() -> None:
    assert switches("Another question: how do I export?")
    assert not switches("it fails when I click save")
