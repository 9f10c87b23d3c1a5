"""What of a model's text is kept: sentences written for it by hand, and what hangs together."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.drafting import benchmark
from runtime.drafting.evidence import blocks_of
from runtime.drafting.grounding import grounded, is_supported
from supportadmin.demo.content import FOLDER
from tests.runtime.drafting.conftest import demo_hits

pytestmark = pytest.mark.row("7.7")
GOLDEN = Path(__file__).parent.parent / "golden"
STEPS = """1. Open **Settings**. Yours may be called Preferences.
2. Choose **Export**.
3. Choose **Save**. This can't be undone.

The file holds:

- items;
- people.

It is valid for 7 days. An Owner can ask for another one.

- Photos stay out."""


@pytest.mark.parametrize(
    ("name", "least"), [("drafted_sentences.jsonl", 0.70), ("drafted_sentences_held_out.jsonl", 0.75)]
)
def test_of_hand_written_sentences_no_false_one_is_kept(name: str, least: float) -> None:
    found = benchmark.run(FOLDER / "articles", GOLDEN / name)
    assert found["n_true"] >= 25
    assert found["n_false"] >= 35
    assert found["false_kept_sentences"] == []
    assert found["true_kept_ratio"] >= least


def whys(text: str) -> dict[str, str]:
    return {one.text: one.why for one in grounded(text, blocks_of(STEPS)).dropped}


def test_all_steps_are_kept_numbered_anew_and_a_remark_may_be_left_out() -> None:
    found = grounded(
        "4. Open Settings.\n5. Click **Export**.\n6. Then choose **Save**. This cannot be undone.",
        blocks_of(STEPS),
    )
    assert (
        found.text
        == "1. Open Settings.\n2. Click **Export**.\n3. Then choose **Save**. This cannot be undone."
    )
    assert found.dropped == ()
    assert found.has_steps


@pytest.mark.parametrize(
    "text",
    [
        "1. Open **Settings**.\n2. Choose **Save**. This can't be undone.",  # one is missing
        "1. Choose **Export**.\n2. Open **Settings**.\n3. Choose **Save**. This can't be undone.",
        "1. Open **Settings**.\n2. Choose **Export**.\n3. Choose **Save**.",  # the warning is missing
    ],
)
def test_steps_are_kept_whole_and_in_their_order_or_not_at_all(text: str) -> None:
    found = grounded(text, blocks_of(STEPS))
    assert (found.text, found.places) == ("", frozenset())
    assert {one.why for one in found.dropped} == {"list_incomplete"}


def test_points_need_the_line_that_introduces_them_and_it_needs_them() -> None:
    assert grounded("The file holds:\n- items;\n- people.", blocks_of(STEPS)).text == (
        "The file holds:\n\n- items;\n- people."
    )
    assert whys("- items;\n- people.") == {"items;": "list_incomplete", "people.": "list_incomplete"} or whys(
        "- items;\n- people."
    ) == {"items;": "introduction_missing", "people.": "list_incomplete"}
    assert whys("The file holds:") == {"The file holds:": "list_missing"}
    assert whys("The file holds:\n- Photos stay out.") == {
        "The file holds:": "list_missing",
    }
    behind = "The file holds:\n- items;\n- people.\n- Photos stay out."
    assert whys(behind) == {"Photos stay out.": "introduction_missing"}


def test_a_sentence_that_points_back_needs_the_one_before_it() -> None:
    assert whys("It is valid for 7 days. An Owner can ask for another one.") == {
        "It is valid for 7 days.": "reference_missing"
    }


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("An Owner can ask for another one.", True),
        ("An Owner can ask for another one!", True),
        ("Can an Owner ask for another one?", False),
        ("An Owner can ask for another one?", False),
        ("An Owner can't ask for another one.", False),
        ("An Owner can ask for another one, too.", False),
        ("Only an Owner can ask for another one.", False),
        ("An **Owner** can ask for another one.", True),
        ("An [Owner](https://evil.example) can ask for another one.", False),
        ("An Owner can ask for another one. ![x](https://evil.example)", False),
        ("An Owner <b>can</b> ask for another one.", False),
        ("An Owner can ask for \u200banother one.", False),
        ("An Оwner can ask for another one.", False),  # a Cyrillic letter
        ("AN OWNER CAN ASK FOR ANOTHER ONE.", True),
        ("# An Owner can ask for another one.", False),
        ("> An Owner can ask for another one.", False),
        ("*An Owner can ask for another one.", False),
        ("An Owner can ask for another one 🙂.", False),
        ("", False),
    ],
)
def test_one_sentence(sentence: str, kept: bool) -> None:
    assert is_supported(sentence, blocks_of(STEPS)) is kept


FIGURES = (
    "Up to 1,500 items cost $15.50 for .5 hours until 10:30; a part has 1.5 MB. Codes begin with `AbC_1`."
)


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("Up to 1500 items cost $15.50 for .5 hours until 10:30; a part has 1.5 MB.", True),
        ("Up to 15,00 items cost $15.50 for .5 hours until 10:30; a part has 1.5 MB.", False),
        ("Up to 1,500 items cost $1550 for .5 hours until 10:30; a part has 1.5 MB.", False),
        ("Up to 1,500 items cost €15.50 for .5 hours until 10:30; a part has 1.5 MB.", False),
        ("Up to 1,500 items cost $15.50 for 5 hours until 10:30; a part has 1.5 MB.", False),
        ("Up to 1,500 items cost $15.50 for .5 hours until 10.30; a part has 1.5 MB.", False),
        ("Up to 1,500 items cost $15.50 for .5 hours until 10:30; a part has 1,5 MB.", False),
        ("Codes begin with `AbC_1`.", True),
        ("Codes begin with AbC_1.", True),
        ("Codes begin with `abc_1`.", False),
        ("Codes begin with `AbC1`.", False),
    ],
)
def test_figures_and_codes_are_as_they_are_written(sentence: str, kept: bool) -> None:
    assert is_supported(sentence, blocks_of(FIGURES)) is kept


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from(demo_hits()))
def test_no_text_breaks_the_check_and_what_is_kept_has_places(text: str, hit) -> None:
    found = grounded(text, blocks_of(hit.quote))
    assert bool(found.text) == bool(found.places)


def test_the_largest_answer_is_checked_within_a_tenth_of_a_second() -> None:
    blocks = max(
        (blocks_of(hit.quote) for hit in demo_hits()), key=lambda one: sum(len(b.sentences) for b in one)
    )
    sentence = blocks[0].sentences[0].said.text
    started = time.perf_counter()
    for text in (f"{sentence} " * 200, "a, and " * 900, "*" * 6_000, "[" * 6_000, "If a, " * 1_000):
        grounded(text[:6_000], blocks)
    assert (time.perf_counter() - started) / 5 <= 0.5  # 20 times what it takes on an idle machine


@pytest.mark.parametrize(
    ("cited", "kept"),
    [
        ("You can export the list at once, and the Owner gets it by mail.", True),
        ("You can export the list at once, so nobody has to wait.", True),
        ("You can export the list at once; the Owner gets it by mail.", True),
        ("You can export the list at once, and only the Owner gets it.", False),
        ("You can export the list at once; it is not complete.", False),
        ("You can export the list at once, and the file.", False),  # a list of two, not a second clause
        ("You can export the list at once if you are the Owner.", False),
        ("You can export the list at once, but the Owner gets it.", False),
        ("You can export the list at once (Owners).", False),
    ],
)
def test_a_last_clause_may_be_left_out_only_where_it_restricts_nothing(cited: str, kept: bool) -> None:
    assert is_supported("You can export the list at once.", blocks_of(cited)) is kept


@pytest.mark.parametrize(
    ("cited", "draft", "kept"),
    [
        ("If you cancel, we keep the data.", "We keep the data if you cancel.", True),
        ("If you cancel, we keep the data.", "If we keep the data, you cancel.", False),
        ("A if B, but C if D.", "If D, A if B, but C.", False),
        ("You can export only on Team.", "On Team you can export only.", False),
        ("Before you sign out, save it.", "Before you save it, sign out.", False),
        ("It moves from Team to Pro.", "It moves from Pro to Team.", False),
        ("It opens 30 minutes after the last try.", "30 minutes after the last try it opens.", True),
        ("It opens 30 minutes after the last try.", "It opens after the last 30 minutes try.", False),
    ],
)
def test_a_clause_may_move_with_its_connective_and_nothing_else(cited: str, draft: str, kept: bool) -> None:
    assert is_supported(draft, blocks_of(cited)) is kept


def test_hidden_characters_are_named_as_the_reason() -> None:
    assert whys("An Owner can ask for \u200banother one.") == {
        "An Owner can ask for \u200banother one.": "hidden_characters"
    }
