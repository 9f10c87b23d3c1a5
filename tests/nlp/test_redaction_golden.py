"""How much of the personal data in realistic support messages is masked, and how little else.

``golden/pii.jsonl``: invented messages with the spans to be masked and decoys that must stay. Batches 1 and 2
were looked at while the patterns were written; batch 3 only measured them.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from nlp.redaction import redact

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "golden" / "pii.jsonl").read_text(encoding="utf-8").splitlines()
]


def spans_of(row):
    return {(span["start"], span["end"], span["kind"]) for span in row["spans"]}


def masked(row):
    return {(span.start, span.end, span.kind) for span in redact(row["text"]).found}


def test_the_golden_set_is_large_and_covers_every_kind_and_language():
    kinds = Counter(span["kind"] for row in ROWS for span in row["spans"])
    assert len(ROWS) == 191
    assert kinds == {"email": 58, "phone": 69, "card": 26, "iban": 18, "token": 53, "password": 49}
    assert Counter(row["language"] for row in ROWS) == {"en": 155, "de": 15, "fr": 11, "es": 10}
    assert sum(len(row["decoys"]) for row in ROWS) == 259


@pytest.mark.row("1.11")
def test_at_least_95_percent_of_the_personal_data_is_masked_under_its_kind():
    items = sum(len(row["spans"]) for row in ROWS)
    found = sum(len(spans_of(row) & masked(row)) for row in ROWS)
    assert (found, items) == (270, 273)
    assert found / items >= 0.95  # 0.989


@pytest.mark.row("1.11")
def test_of_the_messages_that_no_pattern_was_made_for_most_is_masked():
    rows = [row for row in ROWS if row["batch"] == 3]
    items = sum(len(row["spans"]) for row in rows)
    found = sum(len(spans_of(row) & masked(row)) for row in rows)
    assert (found, items) == (19, 22)


@pytest.mark.row("1.11")
def test_at_least_90_percent_of_what_is_masked_is_personal_data_and_no_decoy_is():
    predicted = [(row, span) for row in ROWS for span in masked(row)]
    right = [span for row, span in predicted if span in spans_of(row)]
    decoys = [(row, decoy) for row in ROWS for decoy in row["decoys"]]
    touched = [
        decoy
        for row, decoy in decoys
        if any(start < decoy["end"] and decoy["start"] < end for start, end, _ in masked(row))
    ]
    assert (len(right), len(predicted), touched) == (270, 270, [])
    assert len(right) / len(predicted) >= 0.9


@pytest.mark.row("1.11")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_masking_a_golden_message_again_changes_nothing(row):
    once = redact(row["text"]).text
    assert redact(once).text == once
