"""docs/features.md and the tests' `row` marks say the same: every row is shown, every mark names a row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "features.md"
ROW = re.compile(r"^\|\s*(\d+\.\d+)\s*\|", re.MULTILINE)
RELIABILITY = re.compile(r"R([1-9]|[1-5]\d|60)|M([1-9]|1[0-3])")


@pytest.fixture
def marked(request: pytest.FixtureRequest) -> set[str]:
    """Return every id that a collected test is marked with; skip where only a part was collected."""
    items = request.session.items
    everything = {path for path in (ROOT / "tests").rglob("test_*.py") if "def test_" in path.read_text()}
    if not everything <= {item.path for item in items}:
        pytest.skip("only a part of the tests was collected")
    return {str(row) for item in items for mark in item.iter_markers("row") for row in mark.args}


def test_every_feature_is_shown_by_a_test_and_every_mark_names_a_feature(marked: set[str]) -> None:
    documented = set(ROW.findall(DOCUMENT.read_text()))
    features = {row for row in marked if not RELIABILITY.fullmatch(row)}
    assert documented - features == set(), "rows of docs/features.md without a test"
    assert features - documented == set(), "marks that name no row of docs/features.md"


def test_no_feature_is_listed_twice() -> None:
    rows = ROW.findall(DOCUMENT.read_text())
    assert len(rows) == len(set(rows))
