"""Recalibrate a score by a team's own labels: Platt scaling that trusts a few labels only a little. Pure.

The score's log-odds x become slope · x + intercept (Platt 1999), fitted by maximum likelihood with a normal
prior around "leave it as it is" (slope 1, intercept 0). With 30 labels the prior holds the curve, with 300
the labels do. The slope stays above LEAST_SLOPE, so the order of messages never changes. Decides not which
labels count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SLOPE = 0.1
SLOPE_PRECISION, INTERCEPT_PRECISION = 20.0, 4.0  # of the prior: deviations of about 0.22 and 0.5
STEPS = 50
EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Curve:
    """score → σ(slope · logit(score) + intercept)."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, score: float) -> float:
        return float(_sigmoid(self.slope * _logit(np.asarray(score)) + self.intercept))


def fit_curve(scores: Sequence[float], angry: Sequence[bool]) -> Curve:
    """Return the curve of these labels by damped Newton steps; deterministic."""
    x, y = _logit(np.asarray(scores, dtype=float)), np.asarray(angry, dtype=float)
    design = np.column_stack([x, np.ones_like(x)])
    prior, precision = np.asarray([1.0, 0.0]), np.diag([SLOPE_PRECISION, INTERCEPT_PRECISION])
    at = prior.copy()
    for _ in range(STEPS):
        p = _sigmoid(design @ at)
        gradient = design.T @ (p - y) + precision @ (at - prior)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        at = at - step / max(1.0, float(np.abs(step).max()))
        at[0] = max(at[0], LEAST_SLOPE)
    return Curve(round(float(at[0]), 6), round(float(at[1]), 6))


def log_loss(curve: Curve, scores: Sequence[float], angry: Sequence[bool]) -> float:
    """Return the mean surprise of the labels under the curve, in nats."""
    p = np.clip([curve(score) for score in scores], EDGE, 1 - EDGE)
    y = np.asarray(angry, dtype=float)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def _logit(score: np.ndarray) -> np.ndarray:
    clipped = np.clip(score, EDGE, 1 - EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -50, 50))))
