"""Out-of-fold scores: what the classifier says about texts it has not seen.

Folds are stratified by label and keep near-duplicates together. A label with a single group cannot be held
out and still be known, unless its name is an example too; its rows stay in every training part and are
reported as not evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from intents.scoring import RawScores, Settings
from intents.self_training import fit_with_surest
from nlp.encoder import Encoding

NEVER_HELD_OUT = -1
Progress = Callable[[int, int, str], None]  # (done, total, message)


@dataclass(frozen=True, slots=True)
class Material:
    """A data set ready to train on: the ``rows`` (n,) used of it, and the names of the intents."""

    labels: list[str]
    rows: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    encodings: list[Encoding]
    name_encodings: list[Encoding]
    name_y: np.ndarray

    @property
    def all_encodings(self) -> list[Encoding]:
        """Return the encodings of the examples, then of the names."""
        return [*self.encodings, *self.name_encodings]

    @property
    def all_y(self) -> np.ndarray:
        """Return the classes of the examples, then of the names."""
        return np.concatenate([self.y, self.name_y])

    @property
    def example_rows(self) -> np.ndarray:
        """Return the row in the data set of each of all_encodings, −1 for names."""
        return np.concatenate([self.rows, np.full(len(self.name_y), -1, dtype=np.int64)])


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Scores of held-out rows: ``rows`` (n,) of the data set, their ``folds`` (n,), and the raw scores."""

    rows: np.ndarray
    folds: np.ndarray
    raw: RawScores  # of the similarities only the nearest is kept: (n, 1)

    def take(self, chosen: np.ndarray) -> OutOfFold:
        """Return the part at positions ``chosen``."""
        return OutOfFold(self.rows[chosen], self.folds[chosen], self.raw.take(chosen))


def assign_folds(
    y: np.ndarray, groups: np.ndarray, folds: int, seed: int, named: frozenset[int] = frozenset()
) -> np.ndarray:
    """Return the fold of each row, (n,); NEVER_HELD_OUT for classes that would otherwise vanish.

    These are the classes with fewer than two groups which are not ``named``, that is known by a name as well.

    Each class deals its groups, largest first and otherwise in seeded random order, to the fold that has the
    fewest of its rows (ties: the fewest of all rows). A group must lie within one class.
    """
    rng = np.random.default_rng(seed)
    fold_of = np.full(len(y), NEVER_HELD_OUT, dtype=np.int64)
    total = np.zeros(folds, dtype=np.int64)
    for label in np.unique(y):
        names, sizes = np.unique(groups[y == label], return_counts=True)
        if len(names) < 2 and int(label) not in named:
            continue
        own = np.zeros(folds, dtype=np.int64)
        for i in sorted(rng.permutation(len(names)), key=lambda i: -sizes[i]):
            fold = int(np.lexsort((total, own))[0])
            own[fold] += sizes[i]
            total[fold] += sizes[i]
            fold_of[(groups == names[i]) & (y == label)] = fold
    return fold_of


def out_of_fold(
    material: Material, settings: Settings, tell: Progress, unlabelled: Sequence[Encoding] = ()
) -> OutOfFold:
    """Score each held-out row by a model trained on the other folds, the intent names and ``unlabelled``.

    With many rows only as many folds are held out as settings.most_held_out asks for.
    """
    y, classes = material.y, len(material.labels)
    named = frozenset(material.name_y.tolist())
    fold_of = assign_folds(y, material.groups, settings.folds, settings.seed, named)
    held_out: list[np.ndarray] = []
    scores: list[RawScores] = []
    for fold in range(settings.folds):
        tell(fold + 1, settings.folds + 2, "Judging examples by models that have not seen them")
        rows, train = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        train_y = np.concatenate([y[train], material.name_y])
        if len(rows) == 0 or len(np.unique(train_y)) < 2:
            continue
        encodings = [*(material.encodings[i] for i in train), *material.name_encodings]
        scorer = fit_with_surest(encodings, train_y, classes, unlabelled, settings)
        held_out.append(rows)
        scores.append(scorer.scores([material.encodings[i] for i in rows], settings))
        if sum(len(r) for r in held_out) >= settings.most_held_out:
            break
    return _joined(held_out, scores, fold_of, classes)


def _joined(
    held_out: list[np.ndarray], scores: list[RawScores], fold_of: np.ndarray, classes: int
) -> OutOfFold:
    if not held_out:
        nothing = np.zeros((0, classes), dtype=np.float32)
        return OutOfFold(
            np.zeros(0, np.int64), np.zeros(0, np.int64), RawScores(nothing, nothing, nothing, nothing[:, 0])
        )
    rows = np.concatenate(held_out)
    raw = RawScores(
        np.vstack([s.ridge for s in scores]),
        np.vstack([s.logistic for s in scores]),
        np.concatenate([s.nearest for s in scores])[:, None],
        np.concatenate([s.distances for s in scores]),
    )
    return OutOfFold(rows, fold_of[rows], raw)
