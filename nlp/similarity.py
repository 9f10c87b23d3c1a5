"""Late-interaction similarity of texts: every word looks for its best partner in the other text.

s(a, b) is the mean of the best cosine of each token of ``a`` among the tokens of ``b``, averaged with the
same thing the other way round (a symmetric form of ColBERT's MaxSim, Khattab & Zaharia 2020). It keeps what
one mean vector blurs: which of the words agree. Decides nothing about what similar texts mean.

The texts that others are compared with stand in a PositionBank: all first tokens, then all second tokens, and
so on, the longest text first. The best token of each text is then a running maximum over long contiguous
runs, one a position, however many texts there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCK_CELLS = 4_000_000  # cells of one block of token cosines: 16 MB of float32


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


@dataclass(frozen=True, slots=True)
class PositionBank:
    """The same tokens by position: ``columns`` (d, N) float32, C-contiguous.

    ``order`` (m,) lists the texts from the longest to the shortest, ``lengths`` (m,) theirs in that order;
    ``counts`` (longest,) says how many texts have a first, second, third … token.
    """

    columns: np.ndarray
    order: np.ndarray
    lengths: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, bank: TokenBank) -> PositionBank:
        """Rearrange ``bank``."""
        order = np.argsort(-bank.lengths, kind="stable")
        lengths = bank.lengths[order]
        counts = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
        rows = np.concatenate([bank.starts[order[:n]] + place for place, n in enumerate(counts)])
        return cls(np.ascontiguousarray(bank.vectors[rows].T), order, lengths, counts)

    def __len__(self) -> int:
        return len(self.order)

    def positions(self) -> list[tuple[int, slice]]:
        """Return for each position how many texts have it, and the columns of their tokens there."""
        ends = np.cumsum(self.counts).tolist()
        return [(n, slice(end - n, end)) for n, end in zip(self.counts.tolist(), ends, strict=True)]


def max_similarities(a: TokenBank, b: PositionBank) -> np.ndarray:
    """Return symmetric MaxSim, (len(a), len(b)) float32, 1.0 for equal texts; memory stays bounded."""
    out = np.empty((len(a), len(b)), dtype=np.float32)
    positions, lengths = b.positions(), a.lengths
    for first, last in _blocks(lengths, BLOCK_CELLS // b.columns.shape[1]):
        begin = a.starts[first]
        end = a.starts[last] if last < len(a) else len(a.vectors)
        cuts = a.starts[first + 1 : last] - begin
        cosines = a.vectors[begin:end] @ b.columns
        # best of each text of a for each token of b; np.max of a few long rows is faster than one reduceat
        back = np.stack([rows.max(axis=0) for rows in np.split(cosines, cuts)])
        best = np.full((len(cosines), len(b)), -np.inf, dtype=np.float32)
        back_sums = np.zeros((last - first, len(b)), dtype=np.float32)
        for n, columns in positions:
            np.maximum(best[:, :n], cosines[:, columns], out=best[:, :n])
            back_sums[:, :n] += back[:, columns]
        best_sums = np.stack([rows.sum(axis=0) for rows in np.split(best, cuts)])
        out[first:last, b.order] = best_sums / lengths[first:last, None] + back_sums / b.lengths
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
