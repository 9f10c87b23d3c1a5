"""What changed between two texts, and that hostile texts take no time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.diff import Line, folded, side_by_side, unified


@pytest.mark.row("2.11")
def test_changed_lines_stand_beside_each_other_with_the_words_that_changed() -> None:
    rows = side_by_side("Same.\nEnds after 14 days.\nGone.", "Same.\nEnds after 30 days.\nNew.\nMore.")
    assert [(row.left_number, row.right_number, row.is_changed) for row in rows] == [
        (0, 0, False),
        (1, 1, True),
        (2, 2, True),
        (None, 3, True),
    ]
    assert rows[0].left == rows[0].right == Line("same", (("same", "Same."),))
    assert rows[1].left == Line("removed", (("same", "Ends after "), ("removed", "14"), ("same", " days.")))
    assert rows[1].right == Line("added", (("same", "Ends after "), ("added", "30"), ("same", " days.")))
    assert (rows[3].left, rows[3].right) == (None, Line("added", (("added", "More."),)))


def test_lines_after_an_inserted_one_keep_their_own_numbers() -> None:
    rows = side_by_side("a\nb", "new\na\nb")
    assert [(row.left_number, row.right_number) for row in rows] == [(None, 0), (0, 1), (1, 2)]


def test_long_unchanged_stretches_are_folded_up_to_three_lines_around_a_change() -> None:
    before = "\n".join(f"line {n}" for n in range(20))
    groups = folded(side_by_side(before, before.replace("line 10", "LINE 10")))
    assert [(fold.is_folded, len(fold.rows)) for fold in groups] == [(True, 7), (False, 7), (True, 6)]
    assert [fold.is_folded for fold in folded(side_by_side("a\nb", "a\nb"))] == [False]


def test_a_unified_diff_names_both_sides() -> None:
    assert unified("a\nb", "a\nc", before_name="revision 1", after_name="your text").splitlines() == [
        "--- revision 1",
        "+++ your text",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
    assert unified("same", "same", before_name="x", after_name="y") == ""


@given(st.text(max_size=300), st.text(max_size=300))
def test_both_texts_can_be_read_from_the_comparison(before: str, after: str) -> None:
    rows = [row for fold in folded(side_by_side(before, after)) for row in fold.rows]
    for text, lines in ((before, [row.left for row in rows]), (after, [row.right for row in rows])):
        read = ["".join(words for _, words in line.words) for line in lines if line is not None]
        assert read == text.split("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n" * 50_000, "b\n" * 50_000),
        ("a b " * 25_000, "b a " * 25_000),
        ("\n".join(f"x {n % 7}" for n in range(3_900)), "\n".join(f"x {n % 5}" for n in range(3_900))),
        ("\n".join("a b c d e f" for _ in range(3_900)), "\n".join("b c d e f g" for _ in range(3_900))),
    ],
)
def test_hostile_texts_are_compared_in_time(before: str, after: str) -> None:
    began = time.perf_counter()
    folded(side_by_side(before, after))
    unified(before, after, before_name="x", after_name="y")
    assert time.perf_counter() - began < 5
