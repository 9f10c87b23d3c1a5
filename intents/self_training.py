"""Messages without a label as further examples: of each intent the few that a classifier is surest of.

One round of self-training (Scudder 1965). Whether it helps is asked of the labelled rows by cross-validation
(intents.training); this module only picks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intents.scoring import RawScores, Scorer, Settings
from nlp.encoder import Encoding


def summed(raw: RawScores) -> np.ndarray:
    """Return the two scores added on a common scale, (n, classes): what decides which intent wins."""
    return raw.ridge / max(float(raw.ridge.std()), 1e-9) + raw.logistic / max(float(raw.logistic.std()), 1e-9)


def surest(
    scorer: Scorer, unlabelled: Sequence[Encoding], settings: Settings
) -> tuple[list[Encoding], np.ndarray]:
    """Return settings.surest_per_class texts of each class that win by the widest margin, and the classes."""
    sums = summed(scorer.scores(unlabelled, settings))
    ordered = np.sort(sums, axis=1)
    winner, margin = sums.argmax(axis=1), ordered[:, -1] - ordered[:, -2]
    order = np.lexsort((-margin, winner))
    place = np.arange(len(order)) - np.searchsorted(winner[order], winner[order])  # within its class
    chosen = order[place < settings.surest_per_class]
    return [unlabelled[i] for i in chosen], winner[chosen]


def fit_with_surest(
    encodings: Sequence[Encoding],
    y: np.ndarray,
    classes: int,
    unlabelled: Sequence[Encoding],
    settings: Settings,
) -> Scorer:
    """Fit on labelled texts, then again with the surest of ``unlabelled`` added behind them (if any)."""
    scorer = Scorer.fit(encodings, y, classes, settings)
    if not unlabelled:
        return scorer
    added, added_y = surest(scorer, unlabelled, settings)
    return Scorer.fit([*encodings, *added], np.concatenate([y, added_y]), classes, settings)
