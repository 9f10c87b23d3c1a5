"""Pairs of intents that are too fine to be told apart: confused in both directions. Pure; merges nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intents.health.held_out import HeldOut
from intents.health.samples import Samples

LEAST_EACH_WAY = 2  # phrasings taken for the other intent, in either direction
LEAST_SHARE = 0.15  # of the phrasings of both together
MAX_MERGES = 50


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two intents by id: of ``a_judged`` phrasings ``a_as_b`` were taken for the other, and the reverse.

    ``similarity`` is the cosine of their mean vectors.
    """

    a: int
    b: int
    a_as_b: int
    a_judged: int
    b_as_a: int
    b_judged: int
    similarity: float

    @property
    def share(self) -> float:
        """Share of the phrasings of both that were taken for the other."""
        return (self.a_as_b + self.b_as_a) / max(1, self.a_judged + self.b_judged)


def confused_intents(samples: Samples, held_out: HeldOut) -> tuple[Confusion, ...]:
    """Return the pairs confused both ways, the most confused first."""
    classes, k = samples.classes, len(samples.classes)
    if k < 2 or not len(held_out.rows):
        return ()
    truth = samples.y[held_out.rows]
    table = np.zeros((k, k), dtype=np.int64)
    np.add.at(table, (truth, held_out.predicted), 1)
    judged = table.sum(axis=1)
    centroids = _centroids(samples.vectors, samples.y, k)
    found = []
    for a, b in zip(*np.triu_indices(k, 1), strict=True):
        pair = Confusion(
            int(classes[a]),
            int(classes[b]),
            int(table[a, b]),
            int(judged[a]),
            int(table[b, a]),
            int(judged[b]),
            float(centroids[a] @ centroids[b]),
        )
        if min(pair.a_as_b, pair.b_as_a) >= LEAST_EACH_WAY and pair.share >= LEAST_SHARE:
            found.append(pair)
    return tuple(sorted(found, key=lambda pair: (-pair.share, pair.a, pair.b))[:MAX_MERGES])


def _centroids(vectors: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    sums = np.zeros((k, vectors.shape[1]))
    np.add.at(sums, y, vectors)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
