"""Labelled texts: loading, identity, near-duplicates."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents.dataset import Dataset, DatasetError, LabelledText, load_texts

ROWS = [LabelledText("reset my password", "account"), LabelledText("send the invoice", "billing")]


def test_the_fingerprint_does_not_depend_on_the_order_of_rows() -> None:
    forward, backward = Dataset.from_rows(ROWS), Dataset.from_rows(ROWS[::-1])
    assert forward.fingerprint == backward.fingerprint
    changed = Dataset.from_rows([ROWS[0], LabelledText("send the invoice", "account")])
    assert changed.fingerprint != forward.fingerprint


def test_a_csv_is_read_with_a_byte_order_mark_and_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes('\ufefftext,label\n"hello, you",greeting\nbye,parting\n'.encode())
    dataset = Dataset.from_csv(path)
    assert dataset.texts == ("hello, you", "bye")
    assert dataset.labels == ("greeting", "parting")
    assert dataset.counts == {"greeting": 1, "parting": 1}
    assert load_texts(path) == ["hello, you", "bye"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text,intent\na,b\n", "no column label"),
        (b"text,label\n", "no rows"),
        (b"", "no column text"),
        (b"text,label\na,b\n ,c\n", "line 3: text is empty"),
        (b"text,label\na\n", "line 2: label is empty"),
        (b"text,label\n\xff\xfe,b\n", "not UTF-8"),
        (b'text,label\n"a"b,c\n', "not a sound CSV"),
    ],
)
def test_a_csv_that_cannot_be_trained_on_is_refused_with_the_place(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words):
        Dataset.from_csv(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        Dataset.from_csv(tmp_path / "none.csv")


@pytest.mark.row("3.15")
def test_near_duplicates_of_one_label_share_a_group() -> None:
    texts = (
        "How do I reset my password?",
        "how do i reset my PASSWORD",
        "please tell me how do i reset my own password",
        "Where is order 123?",
        "Where is order 99?",
        "how do i reset my password",
    )
    labels = ("account", "account", "account", "order", "order", "billing")
    groups = Dataset(texts, labels).groups().tolist()
    assert groups[0] == groups[1]
    assert groups[3] == groups[4]
    assert len({groups[0], groups[2], groups[3], groups[5]}) == 4
