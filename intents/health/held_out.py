"""What the classifier says about each phrasing when it has not seen it: calibrated probabilities. Pure.

The same folds, scores and calibration as in training. Does not decide which label is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from intents.calibration import fit_calibrator
from intents.dataset import Dataset
from intents.folds import Material, out_of_fold
from intents.health.samples import Samples
from intents.scoring import Settings
from nlp.encoder import Encoding

FOLDS, FEW_FOLDS = 5, 3
MANY_ROWS = 500  # above it two thirds of the rows say as much as four fifths, at less than half the time

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Judged phrasings: ``rows`` (m,) positions in the samples, ``probabilities`` (m, k) of their classes."""

    rows: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """Return the likeliest class of each, (m,)."""
        return np.asarray(self.probabilities.argmax(axis=1))


def held_out(
    samples: Samples,
    encode: Callable[[list[str]], list[Encoding]],
    tell: Progress,
    settings: Settings | None = None,
) -> HeldOut:
    """Judge each phrasing by a model that was trained without it, its near-duplicates and its fold."""
    settings = settings or Settings(folds=FOLDS if len(samples) <= MANY_ROWS else FEW_FOLDS)
    y, classes = samples.y, samples.classes
    if len(classes) < 2:
        return HeldOut(np.zeros(0, dtype=np.int64), np.zeros((0, len(classes))))
    names = [samples.names.get(int(pk), "") for pk in classes]
    named = [i for i, name in enumerate(names) if re.search(r"[^\W\d_]", name)]
    material = Material(
        labels=[str(pk) for pk in classes],
        rows=np.arange(len(samples)),
        y=y,
        groups=Dataset(samples.texts, tuple(str(pk) for pk in samples.intents)).groups(),
        encodings=list(samples.encodings),
        name_encodings=encode([names[i] for i in named]) if named else [],
        name_y=np.array(named, dtype=np.int64),
    )
    judged = out_of_fold(material, settings, tell)
    if not len(judged.rows):
        return HeldOut(judged.rows, np.zeros((0, len(classes))))
    nothing = judged.raw.take(np.zeros(0, dtype=np.int64))
    calibrator = fit_calibrator(judged.raw, y[judged.rows], nothing)
    return HeldOut(judged.rows, calibrator.probabilities(judged.raw))
