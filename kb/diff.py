"""What changed between two texts: by lines, and by words within the lines that changed.

Pure. Returns data; how it is shown is the admin's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
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


def unified(before: str, after: str, *, before_name: str, after_name: str) -> str:
    """Return a unified diff; empty where the texts are equal."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        return f"--- {before_name}\n+++ {after_name}\nThe texts are too long to be compared line by line."
    return "\n".join(unified_diff(old, new, before_name, after_name, lineterm="", n=CONTEXT_LINES))


def compare(before: str, after: str) -> list[Line]:
    """Return the lines of both texts in order, removed before added ones, with the words that changed."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        return [_line("removed", line) for line in old] + [_line("added", line) for line in new]
    lines: list[Line] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            lines += [_line("same", line) for line in old[a:b]]
        elif tag == "replace":
            lines += _replaced(old[a:b], new[c:d])
        else:
            lines += [_line("removed", line) for line in old[a:b]] + [
                _line("added", line) for line in new[c:d]
            ]
    return lines


def _replaced(old: list[str], new: list[str]) -> Iterator[Line]:
    """Yield changed lines, pairing them one by one as far as both sides go."""
    removed, added = [], []
    for position in range(max(len(old), len(new))):
        if position < len(old) and position < len(new):
            left, right = _words(old[position], new[position])
            removed.append(Line("removed", left))
            added.append(Line("added", right))
        elif position < len(old):
            removed.append(_line("removed", old[position]))
        else:
            added.append(_line("added", new[position]))
    yield from removed
    yield from added


def _words(old: str, new: str) -> tuple[tuple[tuple[Change, str], ...], tuple[tuple[Change, str], ...]]:
    a, b = PIECE.findall(old), PIECE.findall(new)
    if max(len(a), len(b)) > MAX_WORDS:
        return (("removed", old),), (("added", new),)
    left: list[tuple[Change, str]] = []
    right: list[tuple[Change, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        kept = tag == "equal"
        if i < j:
            left.append(("same" if kept else "removed", "".join(a[i:j])))
        if k < m:
            right.append(("same" if kept else "added", "".join(b[k:m])))
    return tuple(left), tuple(right)


def _line(change: Change, text: str) -> Line:
    return Line(change, ((change, text),))
