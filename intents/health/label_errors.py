"""Phrasings that probably stand in the wrong intent, by confident learning (Northcutt et al. 2021, cleanlab).

Ranked by the label quality score of held-out probabilities; as many of them are likely errors as the
estimated joint distribution of given and true labels says there are. A suggestion; changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intents.health.held_out import HeldOut
from intents.health.samples import Samples

FEWEST = 5  # under so many phrasings an intent's label quality cannot be told
MAX_ERRORS = 200


@dataclass(frozen=True, slots=True)
class LabelError:
    """A phrasing by its position; ``score`` from 0 (surely wrong) to 1, and the ``suggested`` intent's id."""

    row: int
    score: float
    suggested: int
    confidence: float
    is_likely: bool


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """The likeliest errors first; ``checked`` phrasings, and the intents with ``too_few`` to tell."""

    found: tuple[LabelError, ...]
    checked: int
    too_few: tuple[int, ...]


def label_errors(samples: Samples, held_out: HeldOut) -> LabelErrors:
    """Return the phrasings whose held-out label is another one than theirs, the surest errors first."""
    classes, y = samples.classes, samples.y
    counts = np.bincount(y, minlength=len(classes))
    too_few = tuple(int(classes[i]) for i in np.flatnonzero(counts < FEWEST))
    judged = counts[y[held_out.rows]] >= FEWEST
    rows = held_out.rows[judged]
    if not len(rows) or len(classes) < 2:
        return LabelErrors((), len(rows), too_few)
    probabilities = held_out.probabilities[judged]
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    given = y[rows]
    scores, likely = _judged(given, probabilities)
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != given)
    ranked = wrong[np.argsort(scores[wrong], kind="stable")][:MAX_ERRORS]
    found = tuple(
        LabelError(
            row=int(rows[i]),
            score=float(scores[i]),
            suggested=int(classes[predicted[i]]),
            confidence=float(probabilities[i, predicted[i]]),
            is_likely=bool(likely[i]),
        )
        for i in ranked
    )
    return LabelErrors(found, len(rows), too_few)


def _judged(given: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return cleanlab's label quality of each row (normalised margin), and whether it is an issue, (n,)."""
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 - slow to load, used in a job only
    from cleanlab.rank import get_label_quality_scores  # noqa: PLC0415

    scores = get_label_quality_scores(given, probabilities, method="normalized_margin")
    issues = find_label_issues(given, probabilities, filter_by="low_normalized_margin", n_jobs=1)
    return np.asarray(scores), np.asarray(issues)
