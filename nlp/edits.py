"""Follow positions through successive edits of a text, so that every finding points into the first one.

Decides nothing about what is edited or why.
"""

from __future__ import annotations

from collections.abc import Iterable

Edit = tuple[int, int, str]  # characters start…end of the current text, and what stands there afterwards


class Tracked:
    """A text under edit, whose every character knows which stretch of the original it came from."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = list(range(len(text)))
        self._ends = list(range(1, len(text) + 1))

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of at least one character of the current text stood in the original."""
        return min(self._starts[start:end]), max(self._ends[start:end])

    def apply(self, edits: Iterable[Edit]) -> None:
        """Carry out edits of the current text; they are in order and do not overlap."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, end, new in edits:
            parts += [self.text[done:start], new]
            starts += self._starts[done:start]
            ends += self._ends[done:start]
            if new:
                first, last = self.original(start, end)
                starts += [first] * len(new)
                ends += [last] * len(new)
            done = end
        self.text = "".join([*parts, self.text[done:]])
        self._starts = starts + self._starts[done:]
        self._ends = ends + self._ends[done:]
