"""What changed between two texts: by lines, and by words within the lines that changed.

Pure. Returns data; how it is shown is the admin's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from itertools import groupby
from typing import Literal

MAX_LINES = 4_000  # matching is quadratic on hostile texts: a longer one counts as changed all over
MAX_WORDS = 1_500
CONTEXT_LINES = 3
PIECE = re.compile(r"\s+|\w+|[^\w\s]")

Change = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison, cut into stretches of words that changed or not."""

    change: Change
    words: tuple[tuple[Change, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of two columns; a side that has no line there is None. Line numbers count from 0."""

    left: Line | None
    right: Line | None
    left_number: int | None
    right_number: int | None

    @property
    def is_changed(self) -> bool:
        """Whether the two sides differ."""
        return self.left is None or self.right is None or self.left.change != "same"


@dataclass(frozen=True, slots=True)
class Fold:
    """Neighbouring rows, shown or folded away."""

    is_folded: bool
    rows: tuple[Row, ...]


def unified(before: str, after: str, *, before_name: str, after_name: str) -> str:
    """Return a unified diff; empty where the texts are equal."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        return f"--- {before_name}\n+++ {after_name}\nThe texts are too long to be compared line by line."
    return "\n".join(unified_diff(old, new, before_name, after_name, lineterm="", n=CONTEXT_LINES))


def side_by_side(before: str, after: str) -> list[Row]:
    """Return both texts in two columns, changed lines beside those that replaced them."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MAX_LINES:
        return list(_beside(old, new, 0, 0))
    matcher = SequenceMatcher(None, old, new)
    return [row for _, a, b, c, d in matcher.get_opcodes() for row in _beside(old[a:b], new[c:d], a, c)]


def folded(rows: list[Row]) -> list[Fold]:
    """Group the rows: stretches without a change are folded, but for CONTEXT_LINES around each change."""
    changed = [position for position, row in enumerate(rows) if row.is_changed]
    around = range(-CONTEXT_LINES, CONTEXT_LINES + 1)
    shown = {position + distance for position in changed for distance in around}
    groups: list[Fold] = []
    for is_shown, members in groupby(range(len(rows)), key=shown.__contains__):
        stretch = [rows[position] for position in members]
        groups.append(Fold(not is_shown and len(stretch) > CONTEXT_LINES, tuple(stretch)))
    return groups


def _beside(old: list[str], new: list[str], first_left: int, first_right: int) -> Iterator[Row]:
    """Yield rows of one stretch, pairing its lines one by one as far as both sides go."""
    for place in range(max(len(old), len(new))):
        left = right = None
        if place < len(old) and place < len(new):
            if old[place] == new[place]:
                left, right = _line("same", old[place]), _line("same", new[place])
            else:
                words = _words(old[place], new[place])
                left, right = Line("removed", words[0]), Line("added", words[1])
        elif place < len(old):
            left = _line("removed", old[place])
        else:
            right = _line("added", new[place])
        yield Row(
            left,
            right,
            first_left + place if left is not None else None,
            first_right + place if right is not None else None,
        )


def by_words(before: str, after: str) -> tuple[tuple[Change, str], ...]:
    """Return both texts as one, in the order of reading: what stayed, what went, what came in its place."""
    a, b = PIECE.findall(before), PIECE.findall(after)
    if max(len(a), len(b)) > MAX_WORDS:
        return (("removed", before), ("added", after))
    merged: list[tuple[Change, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            merged.append(("same", "".join(a[i:j])))
            continue
        if i < j:
            merged.append(("removed", "".join(a[i:j])))
        if k < m:
            merged.append(("added", "".join(b[k:m])))
    return tuple(merged)


def _words(old: str, new: str) -> tuple[tuple[tuple[Change, str], ...], tuple[tuple[Change, str], ...]]:
    merged = by_words(old, new)
    left = tuple(part for part in merged if part[0] != "added")
    right = tuple(part for part in merged if part[0] != "removed")
    return left, right


def _line(change: Change, text: str) -> Line:
    return Line(change, ((change, text),))
