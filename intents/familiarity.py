"""How far a text is from every intent: the Mahalanobis distance to the nearest centre.

The intents are taken as clouds of one common shape (the pooled covariance of the mean vectors within them),
so that a step in a direction in which examples of one intent differ anyway counts less than a step in one in
which they agree (Lee et al. 2018). Half of the covariance is that of a ball of the same size: with a few
examples an intent most directions have been seen to vary by chance or not at all. Decides nothing about how
far is too far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular

BALL_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Clouds:
    """The intents as clouds: ``whitening`` (d, d), triangular, and ``centres`` (classes, d), whitened."""

    whitening: np.ndarray
    centres: np.ndarray

    @classmethod
    def fit(cls, sentences: np.ndarray, y: np.ndarray) -> Clouds:
        """Fit on mean vectors (n, d) and their classes (n,); a class without a vector has no centre."""
        present = np.unique(y)
        means = np.stack([sentences[y == c].mean(axis=0) for c in present]).astype(np.float64)
        spread = sentences - means[np.searchsorted(present, y)]
        dimension = sentences.shape[1]
        covariance = spread.T @ spread / len(y)
        ball = np.trace(covariance) / dimension * np.eye(dimension)
        # without two different examples of any intent there is no shape to go by: plain distances
        shape = (1 - BALL_SHARE) * covariance + BALL_SHARE * ball if ball[0, 0] > 1e-9 else np.eye(dimension)
        whitening = solve_triangular(cholesky(shape, lower=True), np.eye(dimension), lower=True).T
        return cls(whitening.astype(np.float32), (means @ whitening).astype(np.float32))

    def distances(self, sentences: np.ndarray) -> np.ndarray:
        """Return the distance of each mean vector (n, d) to the nearest centre, (n,)."""
        whitened = sentences @ self.whitening
        squared = (whitened**2).sum(axis=1)[:, None] - 2 * whitened @ self.centres.T
        squared += (self.centres**2).sum(axis=1)
        return np.sqrt(np.maximum(squared.min(axis=1), 0))
