"""Late-interaction similarity of texts: every word looks for its best partner in the other text.

s(a, b) is the mean of the best cosine of each token of ``a`` among the tokens of ``b``, averaged with the
same thing the other way round (a symmetric form of ColBERT's MaxSim, Khattab & Zaharia 2020). It keeps what
one mean vector blurs: which of the words agree. Decides nothing about what similar texts mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCK_CELLS = 16_000_000  # cells of one block of token cosines: 64 MB of float32


@dataclass(frozen=True, slots=True)
class TokenBank:
    """Token vectors of many texts: ``vectors`` (N, d) float32, and where each text begins, ``starts`` (m,)."""

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
    out = np.empty((len(a), len(b)), dtype=np.float32)
    b_lengths = b.lengths
    for first, last in _blocks(a.lengths, BLOCK_CELLS // max(1, len(b.vectors))):
        begin = a.starts[first]
        end = a.starts[last] if last < len(a) else len(a.vectors)
        starts = a.starts[first:last] - begin
        cosines = a.vectors[begin:end] @ b.vectors.T
        best_in_b = np.add.reduceat(np.maximum.reduceat(cosines, b.starts, axis=1), starts, axis=0)
        best_in_a = np.add.reduceat(np.maximum.reduceat(cosines, starts, axis=0), b.starts, axis=1)
        out[first:last] = best_in_b / a.lengths[first:last, None] + best_in_a / b_lengths
    return out / 2


def _blocks(lengths: np.ndarray, most_tokens: int) -> list[tuple[int, int]]:
    """Cut texts into runs of at most ``most_tokens`` tokens (at least one text each)."""
    blocks, first, used = [], 0, 0
    for i, length in enumerate(lengths):
        if i > first and used + length > most_tokens:
            blocks.append((first, i))
            first, used = i, 0
        used += int(length)
    return [*blocks, (first, len(lengths))] if len(lengths) else []
