"""Two wishes in one message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.contracts import Segment
from intents.segments import LOOKED_AT, MAX_PARTS, parts, segments


@dataclass(frozen=True)
class Judged:
    label: str
    confidence: float
    is_fallback: bool = False


REFUND, EXPORT = Judged("refund", 0.9), Judged("export", 0.8)
UNCLEAR = Judged("refund", 0.3, is_fallback=True)
WHOLE = Judged("export", 0.7)


@pytest.mark.row("3.19")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("refund and also export my data", ["refund", "export my data"]),
        ("I want a refund. Also, export my data", ["I want a refund", "export my data"]),
        ("Refund me; export my data", ["Refund me", "export my data"]),
        ("refund me plus export my data", ["refund me", "export my data"]),
        ("refund me and export my data", ["refund me", "export my data"]),
        ("Refund me!\n\nExport my data?", ["Refund me!", "Export my data?"]),
        ("where are the terms and conditions?", ["where are the terms", "conditions?"]),
        ("terms and conditions", ["terms and conditions"]),
        ("terms & conditions", ["terms & conditions"]),
        (
            'the page says "pay now. And also log in" to me',
            ['the page says "pay now. And also log in" to me'],
        ),
        ("It costs 3.50 a month", ["It costs 3.50 a month"]),
        ("also", ["also"]),
        ("", [""]),
    ],
)
def test_a_message_is_cut_at_sentence_ends_and_conjunctions(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.row("3.19")
def test_two_clear_parts_with_different_intents_are_two_segments() -> None:
    found = segments("refund and also export my data", WHOLE, _answers(REFUND, EXPORT))
    assert found == (Segment("refund", "refund", 0.9), Segment("export my data", "export", 0.8))


@pytest.mark.row("3.19")
@pytest.mark.parametrize(
    ("judged", "whole"),
    [
        ((REFUND, REFUND), WHOLE),  # one wish in two sentences
        ((REFUND, UNCLEAR), WHOLE),
        ((UNCLEAR, EXPORT), WHOLE),
        ((REFUND, Judged("export", 0.59)), WHOLE),  # above the threshold, yet not clear
        ((REFUND, Judged("export", 0.65)), Judged("refund", 0.99)),  # the whole convinces more
    ],
)
def test_a_message_with_one_intent_has_no_segments(judged: tuple[Judged, ...], whole: Judged) -> None:
    assert segments("Refund me. Export my data", whole, _answers(*judged)) == ()


@pytest.mark.row("3.19")
def test_what_is_unclear_alone_belongs_to_the_part_before_it() -> None:
    found = segments(
        "Hi. Refund me. Thanks. Export my data", WHOLE, _answers(UNCLEAR, REFUND, UNCLEAR, EXPORT)
    )
    assert [s.text for s in found] == ["Hi. Refund me. Thanks.", "Export my data"]


def test_a_message_that_cannot_be_cut_is_not_classified_again() -> None:
    def refuse(texts: Sequence[str]) -> list[Judged]:
        raise AssertionError(texts)

    assert segments("export my data", EXPORT, refuse) == ()


@given(st.text(alphabet="ab .,;!\n\"'“and also", max_size=LOOKED_AT + 200))
def test_cutting_loses_no_letter_but_those_of_conjunctions(text: str) -> None:
    found = parts(text)
    assert 1 <= len(found) <= MAX_PARTS
    left = "".join("".join(found).split())
    whole = iter("".join(text.split()))
    assert all(letter in whole for letter in left)  # a subsequence


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", [" ", "“", "'", '"', " and", "\n", "a; ", ", "])
def test_hostile_texts_are_cut_in_no_time(piece: str) -> None:
    assert len(parts(piece * 20_000)) <= MAX_PARTS


def _answers(*judged: Judged) -> Callable[[Sequence[str]], Sequence[Judged]]:
    def predict(texts: Sequence[str]) -> Sequence[Judged]:
        assert len(texts) == len(judged)
        return judged

    return predict
