"""What changed between two texts, and that hostile texts take no time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.diff import compare, unified


@pytest.mark.row("2.11")
def test_changed_words_are_marked_within_changed_lines() -> None:
    lines = compare("Same.\nEnds after 14 days.\nGone.", "Same.\nEnds after 30 days.\nNew.\nMore.")
    assert [(line.change, line.words) for line in lines] == [
        ("same", (("same", "Same."),)),
        ("removed", (("same", "Ends after "), ("removed", "14"), ("same", " days."))),
        ("removed", (("removed", "Gone"), ("same", "."))),
        ("added", (("same", "Ends after "), ("added", "30"), ("same", " days."))),
        ("added", (("added", "New"), ("same", "."))),
        ("added", (("added", "More."),)),
    ]


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
    lines = compare(before, after)

    def side(wanted: str) -> list[str]:
        return ["".join(text for _, text in line.words) for line in lines if line.change in ("same", wanted)]

    assert side("removed") == before.splitlines()
    assert side("added") == after.splitlines()


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
    compare(before, after)
    unified(before, after, before_name="x", after_name="y")
    assert time.perf_counter() - began < 5
