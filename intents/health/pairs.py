"""Pairs of phrasings that say nearly the same: across intents a conflict, within one a repetition. Pure.

Similarity is the cosine of sentence vectors. The bands are those of ServiceNow's conflict review: moderate
from 0.85, critical from 0.95.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intents.health.samples import Samples

MODERATE, CRITICAL = 0.85, 0.95
BLOCK_ROWS = 512
MAX_PAIRS = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """Two phrasings by their positions, the earlier one first, and their cosine."""

    a: int
    b: int
    similarity: float

    @property
    def is_critical(self) -> bool:
        """Whether no model can tell the two apart."""
        return self.similarity >= CRITICAL


@dataclass(frozen=True, slots=True)
class Pairs:
    """The most similar pairs first, at most MAX_PAIRS of the ``total``."""

    found: tuple[Pair, ...]
    total: int


def conflicts(samples: Samples) -> Pairs:
    """Return the pairs of different intents whose similarity is at least MODERATE."""
    return _pairs(samples, MODERATE, same_intent=False)


def repetitions(samples: Samples) -> Pairs:
    """Return the pairs within an intent whose similarity is at least CRITICAL."""
    return _pairs(samples, CRITICAL, same_intent=True)


def _pairs(samples: Samples, least: float, *, same_intent: bool) -> Pairs:
    """Compare every two phrasings once, block by block, so that memory stays bounded."""
    if len(samples) < 2:
        return Pairs((), 0)
    vectors, intents = samples.vectors, samples.intents
    found: list[Pair] = []
    total = 0
    for first in range(0, len(samples), BLOCK_ROWS):
        rows = np.arange(first, min(first + BLOCK_ROWS, len(samples)))
        cosines = vectors[rows] @ vectors.T
        wanted = cosines >= least
        wanted &= np.arange(len(samples))[None, :] > rows[:, None]
        wanted &= (intents[rows][:, None] == intents[None, :]) == same_intent
        a, b = np.nonzero(wanted)
        total += len(a)
        cosine = np.minimum(cosines[a, b], 1.0)
        best = np.argsort(-cosine, kind="stable")[:MAX_PAIRS]
        found += [Pair(int(rows[a[i]]), int(b[i]), float(cosine[i])) for i in best]
        found = sorted(found, key=lambda pair: (-pair.similarity, pair.a, pair.b))[:MAX_PAIRS]
    return Pairs(tuple(found), total)
