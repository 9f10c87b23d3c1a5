"""The scores of intents for a text: kernel ridge on late interaction, plus logistic regression.

Kernel ridge sees which words agree with which example (nlp.similarity); logistic regression sees the mean
vector and is steadier where an intent has many examples. Scores have no scale that means anything: turning
them into probabilities is intents.calibration's work. The two parts and their settings were chosen on
validation splits (see Settings).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh
from threadpoolctl import ThreadpoolController

from intents.adapter import AdapterSettings, adapted, fit_adapter
from intents.familiarity import Clouds
from nlp.encoder import Encoding
from nlp.similarity import PositionBank, TokenBank, max_similarities

# OpenBLAS threads spin while they wait: with several workers on few cores one thread each is much faster
_BLAS = ThreadpoolController()


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the classifier: one set for all data.

    Chosen by accuracy on the `valid` splits of BANKING77 and CLINC150 with models trained on their 5- and
    10-shot splits, as the best mean over the four; never on a test split and never per data set.
    """

    token_share: float = 1 / 3  # of the token vectors' principal axes, the leading ones: a third of the cost
    # of all and no worse, with 384 dimensions (+0.3 and 0.0 points) and 768 (0.0)
    sharpness: float = 4.0  # kernel exp(sharpness·(MaxSim − 1)); 3 to 4 level, 5 and 8 worse
    sentence_weight: float = 0.3  # share of an RBF kernel on the mean vectors
    sentence_gamma: float = 2.0  # its exp(−gamma·‖a − b‖²); 1 to 3 level
    ridge: float = 0.05  # 0.02 to 0.2 level
    logistic_c: float = 10.0
    max_landmarks: int = 2000  # up to here every example is its own landmark (exact kernel ridge)
    many_landmarks: int = 1000  # above it a balanced sample serves as landmarks (Nyström), bounding the time
    max_rows: int = 20_000  # above it a balanced sample is trained on: bounds memory at about 1 GB
    adapter: AdapterSettings = field(default_factory=AdapterSettings)
    surest_per_class: int = 5  # unlabelled texts learnt from: 3 to 6 gained 0.2 to 0.5, 10 lost 0.3
    folds: int = 5
    most_held_out: int = 2000  # rows scored out of fold: enough to calibrate, bounds the time with many rows
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Views:
    """What n texts are compared by: token vectors (projected) and mean vectors (n, d), all of unit length."""

    tokens: TokenBank
    sentences: np.ndarray

    def take(self, rows: np.ndarray) -> Views:
        """Return the views of the texts at ``rows``."""
        return Views(self.tokens.take(rows), self.sentences[rows])


@dataclass(frozen=True, slots=True)
class RawScores:
    """Scores of n texts: ``ridge`` and ``logistic`` (n, classes), ``similarities`` to landmarks (n, m).

    ``distances`` (n,) are those to the nearest intent (intents.familiarity).
    """

    ridge: np.ndarray
    logistic: np.ndarray
    similarities: np.ndarray
    distances: np.ndarray

    @property
    def nearest(self) -> np.ndarray:
        """Return the similarity of the nearest landmark, (n,)."""
        return self.similarities.max(axis=1)

    @property
    def belonging(self) -> np.ndarray:
        """Return the ridge scores summed over all intents, (n,).

        The sum is kernel ridge regression of the constant 1: near 1 where texts look like the examples of
        any intents, towards 0 far from all of them.
        """
        return self.ridge.sum(axis=1)

    def take(self, rows: np.ndarray) -> RawScores:
        """Return the scores of the texts at ``rows``."""
        return RawScores(self.ridge[rows], self.logistic[rows], self.similarities[rows], self.distances[rows])

    def joined(self, other: RawScores) -> RawScores:
        """Return these scores followed by those of ``other``, from the same scorer."""
        return RawScores(
            np.vstack([self.ridge, other.ridge]),
            np.vstack([self.logistic, other.logistic]),
            np.vstack([self.similarities, other.similarities]),
            np.concatenate([self.distances, other.distances]),
        )


@dataclass(frozen=True)
class Scorer:
    """A fitted scorer. ``landmark_rows`` says which training rows the m landmarks are."""

    adapter: np.ndarray  # (d, d)
    projection: np.ndarray  # (d, k), the adapter included
    landmarks: Views
    landmark_rows: np.ndarray  # (m,)
    ridge_weights: np.ndarray  # (m, classes)
    logistic_weights: np.ndarray  # (d + 1, classes)
    clouds: Clouds

    @cached_property
    def landmark_tokens(self) -> PositionBank:
        """Return the landmarks' tokens as texts are compared with them."""
        return PositionBank.of(self.landmarks.tokens)

    @classmethod
    def fit(cls, encodings: Sequence[Encoding], y: np.ndarray, classes: int, settings: Settings) -> Scorer:
        """Fit on encoded texts and their class numbers ``y`` (n,); at least two classes must occur."""
        with _BLAS.limit(limits=1, user_api="blas"):
            sentences = np.stack([e.sentence for e in encodings])
            bank = TokenBank.of([e.tokens for e in encodings])
            adapter = fit_adapter(sentences, y, settings.adapter)
            kept = round(settings.token_share * sentences.shape[1])
            projection = adapter @ _principal_axes(adapted(bank.vectors, adapter), kept)
            views = _views(bank, sentences, adapter, projection)
            rows = choose_landmarks(y, settings)
            landmarks = views if len(rows) == len(y) else views.take(rows)
            kernel_rows = kernel(
                views, landmarks, max_similarities(views.tokens, PositionBank.of(landmarks.tokens)), settings
            )
            ridge = fit_ridge(kernel_rows, kernel_rows[rows], np.eye(classes)[y], settings.ridge)
            logistic = fit_logistic(views.sentences, y, classes, settings.logistic_c)
            clouds = Clouds.fit(views.sentences, y)
        return cls(adapter, projection, landmarks, rows, ridge, logistic, clouds)

    def scores(self, encodings: Sequence[Encoding], settings: Settings) -> RawScores:
        """Return the scores of encoded texts."""
        with _BLAS.limit(limits=1, user_api="blas"):
            bank = TokenBank.of([e.tokens for e in encodings])
            sentences = np.stack([e.sentence for e in encodings])
            views = _views(bank, sentences, self.adapter, self.projection)
            similarities = max_similarities(views.tokens, self.landmark_tokens)
            ridge = kernel(views, self.landmarks, similarities, settings) @ self.ridge_weights
            logistic = views.sentences @ self.logistic_weights[:-1] + self.logistic_weights[-1]
            distances = self.clouds.distances(views.sentences)
        return RawScores(ridge, logistic, similarities, distances)


def _views(bank: TokenBank, sentences: np.ndarray, adapter: np.ndarray, projection: np.ndarray) -> Views:
    return Views(TokenBank(adapted(bank.vectors, projection), bank.starts), adapted(sentences, adapter))


def _principal_axes(vectors: np.ndarray, dimensions: int) -> np.ndarray:
    """Return the leading principal axes of ``vectors`` (n, d) about the origin, (d, dimensions)."""
    size = vectors.shape[1]
    leading = (max(0, size - dimensions), size - 1)
    _, axes = eigh((vectors.T @ vectors).astype(np.float64), subset_by_index=leading)
    return np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)


def kernel(a: Views, b: Views, similarities: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the kernel between texts ``a`` and ``b`` whose MaxSim is ``similarities``, (n, m)."""
    squared_distances = 2 - 2 * (a.sentences @ b.sentences.T)
    late = np.exp(settings.sharpness * (similarities - 1))
    return late + settings.sentence_weight * np.exp(-settings.sentence_gamma * squared_distances)


def fit_ridge(
    kernel_rows: np.ndarray, landmarks: np.ndarray, targets: np.ndarray, ridge: float
) -> np.ndarray:
    """Return kernel ridge weights, (m, classes).

    ``kernel_rows`` (n, m) is between examples and landmarks, ``landmarks`` (m, m) among landmarks. With all
    examples as landmarks this is exact kernel ridge, otherwise its Nyström form (Rudi et al. 2015, FALKON).
    """
    rows = kernel_rows.astype(np.float64)
    system = rows.T @ rows + ridge * landmarks
    system[np.diag_indices_from(system)] += 1e-6  # equal texts make the kernel singular
    return cho_solve(cho_factor(system), rows.T @ targets).astype(np.float32)


def fit_logistic(sentences: np.ndarray, y: np.ndarray, classes: int, c: float) -> np.ndarray:
    """Return multinomial logistic weights with the intercept as last row, (d + 1, classes)."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow to load, used in training only

    model = LogisticRegression(C=c, max_iter=300).fit(sentences, y)
    weights = np.zeros((sentences.shape[1] + 1, classes), dtype=np.float32)
    found = np.vstack([model.coef_.T, model.intercept_])
    if found.shape[1] == 1:  # scikit-learn keeps one column of log-odds for two classes
        found = np.hstack([-found / 2, found / 2])
    weights[:, model.classes_] = found
    weights[-1, np.setdiff1d(np.arange(classes), model.classes_)] = found[-1].min()
    return weights


def choose_landmarks(y: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the rows that serve as landmarks, sorted: all, or a sample balanced over the classes."""
    if len(y) <= settings.max_landmarks:
        return np.arange(len(y))
    return balanced_sample(y, settings.many_landmarks, settings.seed)


def balanced_sample(y: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return at most ``size`` rows, sorted, taken in turn from each class in a seeded random order."""
    if len(y) <= size:
        return np.arange(len(y))
    order = np.random.default_rng(seed).permutation(len(y))
    by_class = order[np.argsort(y[order], kind="stable")]
    starts = np.searchsorted(y[by_class], y[by_class])
    turn = np.arange(len(y)) - starts  # 0 for the first of each class, 1 for the second …
    return np.sort(by_class[np.argsort(turn, kind="stable")[:size]])
