"""About how many rows a file holds: near for one row a line, and no guess for anything else."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from integrations.row_count import about_rows


def test_lines_of_like_length_are_counted_within_a_tenth(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps({"id": n, "text": "x" * (n % 300)}) + "\n" for n in range(20_000)))
    assert about_rows(path, json_lines=True) == pytest.approx(20_000, rel=0.1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"id": 1}\n' * 5,
        b"[\n" + b'{"id": 1},\n' * 50 + b"]",
        gzip.compress(b'{"id": 1}\n' * 5_000),
        '{"id": 1}\n'.encode("utf-16") * 50,
    ],
)
def test_what_is_not_one_object_a_line_is_not_guessed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert about_rows(path, json_lines=True) is None


def test_a_missing_file_is_not_guessed(tmp_path: Path) -> None:
    assert about_rows(tmp_path / "none", json_lines=False) is None
