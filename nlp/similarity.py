"""Late-interaction similarity of texts: every word looks for its best partner in the other text.

s(a, b) is the mean of the best cosine of each token of ``a`` among the tokens of ``b``, averaged with the
same thing the other way round (a symmetric form of ColBERT's MaxSim, Khattab & Zaharia 2020). It keeps what
one mean vector blurs: which of the words agree. Decides nothing about what similar texts mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCK_CELLS = 4_000_000  # cells of one block of token cosines: 16 MB of float32
WIDE = 64  # columns from which a loop over np.max, which is vectorised, beats np.maximum.reduceat


@dataclass(frozen=True, slots=True)
class TokenBank:
    """Token vectors of m texts: ``vectors`` (N, d) float32, and where each text begins, ``starts`` (m,)."""

    vectors: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, tokens: Sequence[np.ndarray]) -> TokenBank:
        """Stack token matrices of shape (T_i, d), each with at least one row."""
        lengths = [len(t) for t in tokens]
        starts = np.cumsum([0, *lengths[:-1]], dtype=np.int64)
        return cls(np.ascontiguousarray(np.vstack(tokens), dtype=np.float32), starts)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of tokens of each text, (m,)."""
        return np.diff(self.starts, append=len(self.vectors))

    def take(self, rows: np.ndarray) -> TokenBank:
        """Return the bank of the texts at ``rows``, in that order."""
        ends = self.starts + self.lengths
        return TokenBank.of([self.vectors[self.starts[i] : ends[i]] for i in rows])


def max_similarities(a: TokenBank, b: TokenBank) -> np.ndarray:
    """Return symmetric MaxSim, (len(a), len(b)) float32, 1.0 for equal texts; memory stays bounded."""
    if a is b:
        one_way = _best_matches(a, b, both_ways=False)
        return (one_way + one_way.T) / 2
    return _best_matches(a, b, both_ways=True)


def _best_matches(a: TokenBank, b: TokenBank, *, both_ways: bool) -> np.ndarray:
    """Return the mean best cosine of the tokens of ``a`` in ``b``, averaged with the other way if asked."""
    out = np.empty((len(b), len(a)), dtype=np.float32)
    a_lengths, b_lengths = a.lengths, b.lengths
    for first, last in _blocks(a_lengths, BLOCK_CELLS // max(1, len(b.vectors))):
        begin = a.starts[first]
        end = a.starts[last] if last < len(a) else len(a.vectors)
        starts = a.starts[first:last] - begin
        cosines = b.vectors @ a.vectors[begin:end].T
        best = np.add.reduceat(_segment_maxima(cosines, b.starts), starts, axis=1)
        out[:, first:last] = best / a_lengths[first:last]
        if both_ways:
            back = _segment_maxima(np.ascontiguousarray(cosines.T), starts)
            out[:, first:last] += np.add.reduceat(back, b.starts, axis=1).T / b_lengths[:, None]
            out[:, first:last] /= 2
    return out.T


def _segment_maxima(matrix: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the column maxima of each run of rows that begins at ``starts``, (len(starts), columns)."""
    if matrix.shape[1] < WIDE:
        return np.maximum.reduceat(matrix, starts, axis=0)
    out = np.empty((len(starts), matrix.shape[1]), dtype=matrix.dtype)
    for i, run in enumerate(np.split(matrix, starts[1:])):
        np.max(run, axis=0, out=out[i])
    return out


def _blocks(lengths: np.ndarray, most_tokens: int) -> list[tuple[int, int]]:
    """Cut texts into runs of at most ``most_tokens`` tokens (at least one text each)."""
    blocks, first, used = [], 0, 0
    for i, length in enumerate(lengths):
        if i > first and used + length > most_tokens:
            blocks.append((first, i))
            first, used = i, 0
        used += int(length)
    return [*blocks, (first, len(lengths))] if len(lengths) else []
