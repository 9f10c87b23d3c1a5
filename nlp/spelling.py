"""Known words that a misspelt one may stand for, by edit distance.

The distance counts letters that are left out, added, exchanged or swapped with their neighbour (Damerau 1964,
in the form of optimal string alignment). Decides nothing about which words are misspelt.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

MAX_LENGTH = 32  # of a word that is compared at all


def reach(word: str) -> int:
    """Return how many edits a word of this length may be away from what it means: 0, 1 or 2."""
    if not word.isalpha() or len(word) < 4 or len(word) > MAX_LENGTH:
        return 0
    return 1 if len(word) < 8 else 2


class Spellings:
    """A fixed list of words, ready to be searched for near ones."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = [word for word in words if word.isalpha() and 3 <= len(word) <= MAX_LENGTH]
        self._codes = _codes(self._words)
        self._lengths = np.count_nonzero(self._codes, axis=1).astype(np.int16)
        self._letters = _letters(self._codes)

    def near(self, word: str, distance: int) -> list[tuple[int, str]]:
        """Return (distance, word) of the words at most so far from ``word``, nearest first."""
        if not self._words:
            return []
        codes = _codes([word])
        # An edit changes a length by one at most, and the set of letters by two.
        apart = np.bitwise_count(self._letters ^ _letters(codes)[0])
        like = (apart <= 2 * distance) & (np.abs(self._lengths - len(word)) <= distance)
        rows = np.flatnonzero(like)
        found = _distances(codes[0, : len(word)], self._codes[rows], self._lengths[rows])
        kept = found <= distance
        return sorted(
            (int(away), self._words[row]) for row, away in zip(rows[kept], found[kept], strict=True)
        )


def _codes(words: list[str]) -> np.ndarray:
    """Return the characters (n, MAX_LENGTH) as numbers, filled up with zeros."""
    return np.array(words, dtype=f"<U{MAX_LENGTH}").view(np.uint32).reshape(len(words), MAX_LENGTH)


def _letters(codes: np.ndarray) -> np.ndarray:
    """Return one set of letters (n,) each, as the bits of a number; letters may share a bit."""
    bits = np.where(codes > 0, np.uint64(1) << (codes.astype(np.uint64) & np.uint64(63)), np.uint64(0))
    return np.bitwise_or.reduce(bits, axis=1)


def _distances(word: np.ndarray, others: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the distances (n,) of ``word`` to the others, row by row of the usual table, all at once."""
    width = int(lengths.max(initial=0))
    others = others[:, :width]
    steps = np.arange(width + 1, dtype=np.int16)
    before = np.zeros((len(others), width + 1), dtype=np.int16)
    row = np.broadcast_to(steps, before.shape)
    for place, letter in enumerate(word):
        same = others == letter
        new = row + np.int16(1)  # the letter was added
        new[:, 1:] = np.minimum(new[:, 1:], row[:, :-1] + ~same)  # it is the same, or was exchanged
        if place:
            swapped = same[:, :-1] & (others[:, 1:] == word[place - 1])
            new[:, 2:] = np.where(swapped, np.minimum(new[:, 2:], before[:, :-2] + 1), new[:, 2:])
        new = np.minimum.accumulate(new - steps, axis=1) + steps  # letters were left out
        before, row = row, new
    distances: np.ndarray = row[np.arange(len(others)), lengths]
    return distances
