"""Short vectors that say how near a section can be at most, so that most need not be compared in full.

A vector is split into its part along the few directions in which the sections differ most, and the rest. The
product of the rests is at most that of their lengths (Cauchy–Schwarz). Which directions these are changes how
much is saved and never what is found, so it may be taken from all sections, whoever may read them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DIRECTIONS = 96  # on a public help centre 2 % of the articles are left to compare
MIN_ROWS = 20_000  # below, comparing all in full takes less than two milliseconds
SAMPLE = 20_000
MARGIN = 1e-4  # far above the rounding of float32


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """The short vectors of a block."""

    directions: np.ndarray  # (d, DIRECTIONS)
    along: np.ndarray  # (n, DIRECTIONS)
    rests: np.ndarray  # (n,) lengths

    @classmethod
    def of(cls, block: np.ndarray) -> Sketch | None:
        """Return the sketch of vectors (n, d); None where it does not pay."""
        if len(block) < MIN_ROWS or block.shape[1] <= DIRECTIONS:
            return None
        sample = block[:: max(1, len(block) // SAMPLE)]
        _, vectors = np.linalg.eigh((sample.T @ sample).astype(np.float64))
        directions = vectors[:, : -DIRECTIONS - 1 : -1].astype(np.float32)
        along = block @ directions
        rests = np.vecdot(block, block) - np.vecdot(along, along)
        return cls(directions, along, np.sqrt(np.maximum(rests, 0)))

    def ceilings(self, query: np.ndarray) -> np.ndarray:
        """Return per row (n,) float32 what its cosine with the query is at most, in [0, 1]."""
        along = query @ self.directions
        rest = np.sqrt(max(float(query @ query - along @ along), 0.0))
        most = np.vecdot(self.along, along) + (np.float32(rest) * self.rests + np.float32(MARGIN))
        return np.clip(most, 0, 1)
