"""What a reviewer's edit changed: one wording for another, or lines of an article. Pure.

Decides nothing about what is made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from kb.diff import PIECE

MAX_PIECES = 3_000  # matching is quadratic on hostile texts
MAX_TERM = 60  # characters, as a voice term holds
SOURCES = ("Source: ", "See also: ")  # of lines that say where an answer comes from
HEADING = "## Correction from the pilot"


@dataclass(frozen=True, slots=True)
class Swap:
    """A wording, and what the reviewer wrote instead ("" where it was left out)."""

    unwanted: str
    instead: str


@dataclass(frozen=True, slots=True)
class Merged:
    """An article's text with the reviewer's; ``in_place`` where every changed line was found in it."""

    body: str
    in_place: bool


def swap_of(before: str, after: str) -> Swap | None:
    """Return the first short wording that the edit replaced or left out; None where there is none."""
    a, b = PIECE.findall(before), PIECE.findall(after)
    if max(len(a), len(b)) > MAX_PIECES:
        return None
    for i, j, k, m in _changes(a, b):
        unwanted, instead = _apart(_trimmed(a[i:j]), _trimmed(b[k:m]))
        if not any(letter.isalpha() for letter in unwanted) or unwanted.lower() == instead.lower():
            continue
        if len(unwanted) <= MAX_TERM and len(instead) <= MAX_TERM:
            return Swap(unwanted, instead)
    return None


def merged(body: str, before: str, after: str) -> Merged:
    """Return ``body`` with what changed from ``before`` to ``after``.

    Lines of the draft that stand in the article exactly once are replaced where they stand; if one does not,
    the reviewer's text is added at the end, and a person puts it in its place.
    """
    before, after = without_frame(before), without_frame(after)
    lines = body.split("\n")
    old, new = _lines(before), _lines(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, i, j, k, m in reversed(matcher.get_opcodes()):
        if tag == "equal":
            continue
        place = _place(lines, old[i:j]) if i < j else _after(lines, old[i - 1] if i else "")
        if place is None:
            return Merged(f"{body.rstrip()}\n\n{HEADING}\n\n{after.strip()}\n", in_place=False)
        lines[place : place + (j - i)] = new[k:m]
    return Merged("\n".join(lines), in_place=True)


def without_frame(text: str) -> str:
    """Return an answer without the heading above the article's words and the sources below them."""
    lines = text.strip().splitlines()
    if lines and len(lines[0]) > 4 and lines[0].startswith("**") and lines[0].endswith("**"):
        lines = lines[1:]
    return "\n".join(line for line in lines if not line.startswith(SOURCES)).strip()


def _changes(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Return the stretches that changed; two with nothing but blanks between them are one."""
    found: list[tuple[int, int, int, int]] = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if found and not "".join(a[found[-1][1] : i]).strip():
            found[-1] = (found[-1][0], j, found[-1][2], m)
        else:
            found.append((i, j, k, m))
    return found


def _apart(one: str, other: str) -> tuple[str, str]:
    """Return both without the words that they begin or end with alike, whatever their case."""
    left, right = one.split(), other.split()
    for end in (-1, 0):
        while left and right and left[end].lower() == right[end].lower():
            left.pop(end)
            right.pop(end)
    return " ".join(left), " ".join(right)


def _trimmed(pieces: Sequence[str]) -> str:
    return " ".join("".join(pieces).split()).strip(" .,;:!?")


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines() if line.strip()]


def _place(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Return where these lines stand one below the other, if they do so exactly once."""
    stripped = [line.strip() for line in lines]
    target = [line.strip() for line in wanted]
    starts = range(len(stripped) - len(target) + 1)
    places = [start for start in starts if stripped[start : start + len(target)] == target]
    return places[0] if len(places) == 1 else None


def _after(lines: Sequence[str], line: str) -> int | None:
    place = _place(lines, [line]) if line else None
    return None if place is None else place + 1
