"""A fallback threshold for each intent, for those who want to be stricter with one than with another.

Decides nothing: the classifier falls back by one threshold for all (intents.calibration); these are shown
beside it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from intents.calibration import MAX_IN_SCOPE_FALLBACK

PRIOR_ROWS = 20  # right answers that count as much as the threshold for all intents


def thresholds_by_intent(
    confidence: np.ndarray, correct: np.ndarray, y: np.ndarray, labels: list[str], threshold: float
) -> dict[str, float]:
    """Return for each label the confidence that all but a few of its right answers reach.

    ``confidence``, ``correct`` (0 or 1) and true classes ``y`` (n,) are of out-of-fold answers. The quantile
    at MAX_IN_SCOPE_FALLBACK of an intent's right answers is drawn, in log-odds, to ``threshold`` as by
    PRIOR_ROWS further answers, so that an intent with none has ``threshold`` itself.
    """
    common = logit(np.clip(threshold, 1e-4, 1 - 1e-4))
    found: dict[str, float] = {}
    for number, label in enumerate(labels):
        right = confidence[(y == number) & (correct > 0)]
        own = np.quantile(right, MAX_IN_SCOPE_FALLBACK) if len(right) else threshold
        own = logit(np.clip(own, 1e-4, 1 - 1e-4))
        found[label] = float(expit((len(right) * own + PRIOR_ROWS * common) / (len(right) + PRIOR_ROWS)))
    return found
