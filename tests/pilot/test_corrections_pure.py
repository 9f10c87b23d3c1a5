"""From what is known of a draft to what is proposed: one table, no rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilot.corrections.proposals import Facts, FlowPlace, Opinion, proposals_of
from pilot.corrections.wording import HEADING, Swap, merged, swap_of, without_frame

FACTS = Facts(
    text="How do I export my data?",
    reply="Open Settings. Unfortunately we can't do more.",
    decision="answer",
    reason="answered",
    intent="data_export",
    alternatives=("billing_inquiry",),
    article_id=12,
    article_title="How do I export my workspace?",
)
CLARIFIES = replace(FACTS, decision="clarify", reason="low_confidence", is_fallback=True)
ASKS_BACK = replace(FACTS, decision="clarify", reason="ambiguous")
IN_FLOW = replace(FACTS, decision="act", reason="flow", flow=FlowPlace(4, "Export"))
ESCALATES = replace(FACTS, decision="escalate", reason="human_request")
COMPLAINED = replace(FACTS, complaints=("rated 1 of 5",))


def approved(number: int = 1) -> Opinion:
    return Opinion(number, "approved", "correct")


def edited(verdict: str, text: str = "Something else altogether, at much greater length.", **more) -> Opinion:
    return Opinion(1, "edited", verdict, final_text=text, **more)


def rejected(verdict: str, **more) -> Opinion:
    return Opinion(1, "rejected", verdict, **more)


SWAPPED = "Open Settings. That is all we do."


@pytest.mark.row("5.3", "5.6", "5.8")
@pytest.mark.parametrize(
    ("facts", "opinions", "proposed"),
    [
        (FACTS, [], []),
        (FACTS, [approved()], [("review", "positive", 3)]),
        (FACTS, [edited("wrong_fact")], [("incorrect", "article", 1)]),
        (FACTS, [edited("outdated")], [("incorrect", "article", 1)]),
        (FACTS, [rejected("incomplete")], [("incorrect", "article", 1)]),
        (FACTS, [edited("wrong_tone")], [("incorrect", "voice", 1)]),
        (FACTS, [edited("wrong_segment", tier="free")], [("incorrect", "article", 1)]),
        (FACTS, [rejected("unsafe")], [("incorrect", "rule", 1)]),
        (ESCALATES, [rejected("unsafe")], [("review", "rule", 1)]),
        (ESCALATES, [edited("wrong_tone")], [("review", "voice", 2)]),
        (FACTS, [edited("correct", SWAPPED)], [("review", "voice", 2)]),
        (FACTS, [edited("correct", FACTS.reply + " " + "And more of it. " * 9)], [("review", "article", 2)]),
        (FACTS, [rejected("correct")], [("review", "phrasing", 2)]),
        (
            FACTS,
            [rejected("wrong_fact", note="This was a billing inquiry!")],
            [("incorrect", "article", 1), ("review", "phrasing", 2)],
        ),
        (IN_FLOW, [edited("wrong_fact")], [("incorrect", "flow", 1)]),
        (IN_FLOW, [edited("wrong_tone")], [("incorrect", "voice", 1), ("review", "flow", 2)]),
        (
            IN_FLOW,
            [replace(approved(), note="Ask for the number first.")],
            [("review", "positive", 3), ("review", "flow", 2)],
        ),
        (CLARIFIES, [], [("not_understood", "phrasing", 1)]),
        (CLARIFIES, [approved()], [("not_understood", "phrasing", 1)]),
        (CLARIFIES, [edited("incomplete")], [("not_understood", "phrasing", 1)]),
        (ASKS_BACK, [edited("incomplete")], [("review", "phrasing", 2)]),
        (replace(FACTS, reason="no_answer", decision="escalate"), [], [("not_understood", "article", 1)]),
        (COMPLAINED, [], [("incorrect", "article", 1)]),
        (COMPLAINED, [approved()], [("incorrect", "article", 1)]),
        (COMPLAINED, [edited("wrong_tone")], [("incorrect", "voice", 1)]),
        (replace(COMPLAINED, flow=FlowPlace(4, "Export")), [], [("incorrect", "flow", 1)]),
        (
            replace(CLARIFIES, complaints=("reopened",)),
            [],
            [("not_understood", "phrasing", 1), ("incorrect", "phrasing", 1)],
        ),
        # Two people: what both say is proposed once; praise that somebody disputes is none.
        (FACTS, [approved(1), approved(2)], [("review", "positive", 3)]),
        (FACTS, [approved(1), rejected("outdated")], [("incorrect", "article", 1)]),
        (
            FACTS,
            [rejected("wrong_fact"), replace(edited("wrong_tone"), review_id=2)],
            [("incorrect", "article", 1), ("review", "voice", 2)],
        ),
    ],
)
def test_what_is_proposed(facts: Facts, opinions: list[Opinion], proposed: list[tuple[str, str, int]]):
    found = proposals_of(replace(facts, opinions=tuple(opinions)))
    assert [(one.source, one.kind, one.priority) for one in found] == proposed
    assert all(0 < len(one.title) <= 200 for one in found)


def test_a_good_answer_confirms_its_intent_and_of_a_missed_one_a_person_says_which():
    good = proposals_of(replace(FACTS, opinions=(approved(),)))[0]
    missed = proposals_of(replace(FACTS, opinions=(rejected("correct"),)))[0]
    asked = proposals_of(CLARIFIES)[0]
    assert good.payload == {
        "text": "How do I export my data?",
        "intent": "data_export",
        "choices": ["data_export", "billing_inquiry"],
    }
    assert (missed.payload["intent"], asked.payload["intent"]) == ("", "")  # its own guess is no evidence
    assert asked.payload["choices"] == ["data_export", "billing_inquiry"]


def test_a_new_article_begins_with_what_a_person_answered_and_an_edit_wins():
    lacks = replace(FACTS, decision="clarify", reason="no_answer", article_id=None, answered="Open Settings.")
    assert [one.payload["text"] for one in proposals_of(lacks)] == ["Open Settings."]
    cited = replace(lacks, article_id=12)
    assert [one.payload["text"] for one in proposals_of(cited)] == [""]
    bettered = replace(lacks, opinions=(edited("incomplete", "Open Settings › Export."),))
    assert {one.payload["text"] for one in proposals_of(bettered)} == {"Open Settings › Export."}


def test_a_reviewer_who_names_another_intent_is_heard():
    facts = replace(FACTS, alternatives=("refund", "billing_inquiry"))
    note = "The customer asks about billing_inquiry."
    found = proposals_of(replace(facts, opinions=(rejected("incomplete", note=note),)))
    assert [one.payload.get("intent") for one in found] == [None, "billing_inquiry"]


def test_a_draft_wrong_for_one_kind_of_account_names_it():
    found = proposals_of(replace(FACTS, opinions=(edited("wrong_segment", tier="free"),)))[0]
    assert (found.payload["tier"], found.payload["title"]) == ("free", "How do I export my workspace? (free)")
    assert found.title == (
        "An article for free beside “How do I export my workspace?” for “How do I export my data?”: "
        "it is wrong for this kind of account"
    )


@pytest.mark.parametrize(
    ("before", "after", "swap"),
    [
        ("Unfortunately we can't.", "We can't.", Swap("Unfortunately", "")),
        ("Hi there, done.", "Hello, done.", Swap("Hi there", "Hello")),
        ("Please note that it is gone.", "It is gone.", Swap("Please note that", "")),
        ("It is done, please note.", "It is done.", Swap("please note", "")),
        ("Same.", "Same.", None),
        ("1. 2. 3.", "4. 5. 6.", None),
        ("x" * 10, "y " * 4_000, None),
    ],
)
def test_the_wording_that_an_edit_replaced(before: str, after: str, swap: Swap | None):
    assert swap_of(before, after) == swap


def test_a_changed_line_is_replaced_where_it_stands_in_the_article():
    body = "# Export\n\n1. Open Settings.\n2. Choose Export.\n\nThat is all."
    draft = "1. Open Settings.\n2. Choose Export."
    done = merged(body, draft, "1. Open Settings.\n2. Choose Backup.\n3. Wait.")
    assert done.in_place
    assert done.body == "# Export\n\n1. Open Settings.\n2. Choose Backup.\n3. Wait.\n\nThat is all."


def test_heading_and_sources_of_an_answer_are_no_part_of_an_article():
    answer = (
        "**Export › Steps**\n\n1. Open **Settings**.\n\nSource: [Export](https://x)\nSee also: [Y](https://y)"
    )
    assert without_frame(answer) == "1. Open **Settings**."
    assert merged("Old.", answer, answer.replace("Open", "Close")).body == (
        f"Old.\n\n{HEADING}\n\n1. Close **Settings**.\n"
    )
    assert without_frame("**Only bold words here**") == ""


@pytest.mark.parametrize("body", ["Other words.", "Open.\n\nOpen."])
def test_a_change_without_one_clear_place_is_added_at_the_end(body: str):
    done = merged(body, "Open.", "Close.")
    assert (done.in_place, done.body) == (False, f"{body}\n\n{HEADING}\n\nClose.\n")
