"""The trained classifier: predict, explain, save, load.

Does not decide how it was trained (intents.training) nor which version is live (releases).
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from core.errors import DomainError
from intents.calibration import Calibrator
from intents.familiarity import Clouds
from intents.scoring import Scorer, Settings, Views
from nlp.encoder import Encoding, SentenceEncoder
from nlp.similarity import TokenBank

ARTEFACT_FORMAT = 3
TRUSTED_TYPES: list[str] = []  # an artefact holds arrays, numbers and texts only: no other type is ever built
NEAREST = 5
# what skops, zipfile, json and numpy raise on a file that skops.io.dumps did not write
UNREADABLE = (
    BadZipFile,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
WORD = re.compile(r"\w\w")  # a text without two letters or digits in a row says nothing
BATCH = 256  # texts scored at once: bounds memory
EXPLAINED_TERMS = 5
LITERAL_SIMILARITY = 0.999  # the same words in the same order, but for case and a mark at most
LITERAL_CONFIDENCE = 0.95  # people put about one example in twenty into a wrong intent
OCCLUDED_WORDS = 48  # words of a long text that explain() leaves out one by one


class ArtefactRefused(DomainError):
    """The model file is altered, of another version, of another encoder, or not ours."""

    http_status = 409
    code = "artefact_refused"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the classifier says about one text.

    - ``label``: the likeliest intent, given even when the answer is a fallback; never a pseudo-intent.
    - ``confidence``: calibrated probability, 0..1, that ``label`` is what the text means. Of all answers
      given with confidence 0.8 about 80 % are right. It also falls for texts unlike any example.
    - ``scores``: every intent with its probability, highest first; what they lack to 1 is the probability
      that no intent fits.
    - ``margin``: confidence less the second intent's; small means ambiguous.
    - ``is_fallback``: ``confidence`` is below the classifier's ``threshold``, or the text holds no word
      at all ("a", "??"); do not act on ``label``.
    - ``nearest``: (row of the training set, similarity 0..1) of the nearest examples, nearest first.
    """

    label: str
    confidence: float
    scores: tuple[tuple[str, float], ...]
    margin: float
    is_fallback: bool
    nearest: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a text got its label.

    ``terms`` are its words with the confidence that is lost (negative: won) when the word is left out, most
    decisive first; ``nearest`` as in Prediction.
    """

    label: str
    confidence: float
    terms: tuple[tuple[str, float], ...]
    nearest: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class IntentClassifier:
    """A trained classifier; safe to share between threads.

    ``example_rows`` (m,) maps the scorer's landmarks to rows of the training set, −1 for intent names;
    ``example_labels`` (m,) are their classes, −1 for intent names.
    """

    encoder: SentenceEncoder
    labels: list[str]
    scorer: Scorer
    calibrator: Calibrator
    threshold: float
    example_rows: np.ndarray
    example_labels: np.ndarray
    settings: Settings
    training_set: str  # fingerprint of the data set

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one Prediction per text, in order; any string is allowed, the empty one too."""
        out: list[Prediction] = []
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            found = self.predict_encoded(self.encoder.encode_tokens(batch))
            out += [
                p if WORD.search(t) else replace(p, is_fallback=True)
                for t, p in zip(batch, found, strict=True)
            ]
        return out

    def predict_encoded(self, encodings: Sequence[Encoding]) -> list[Prediction]:
        """Return one Prediction per encoded text, in order."""
        if not encodings:
            return []
        raw = self.scorer.scores(encodings, self.settings)
        probabilities = self._taken_literally(self.calibrator.probabilities(raw), raw.similarities)
        return [
            self._prediction(p, s[self.example_rows >= 0])
            for p, s in zip(probabilities, raw.similarities, strict=True)
        ]

    def explain(self, text: str) -> Explanation:
        """Return the words and examples that decided about ``text``, by leaving out one word at a time."""
        prediction = self.predict([text])[0]
        words = text.split()
        shown = range(min(len(words), OCCLUDED_WORDS)) if len(words) > 1 else range(0)
        without = self.predict([" ".join(words[:i] + words[i + 1 :]) for i in shown])
        effects = [
            (words[i], prediction.confidence - _score(p, prediction.label))
            for i, p in zip(shown, without, strict=True)
        ]
        effects.sort(key=lambda e: -abs(e[1]))
        return Explanation(
            prediction.label, prediction.confidence, tuple(effects[:EXPLAINED_TERMS]), prediction.nearest[:3]
        )

    def with_threshold(self, threshold: float) -> IntentClassifier:
        """Return the same classifier with another fallback threshold."""
        return replace(self, threshold=threshold)

    def save(self, path: Path | str) -> str:
        """Write the artefact, whole or not at all, and return its sha256 as hex. The encoder is not in it."""
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        state = {
            "format": ARTEFACT_FORMAT,
            "encoder": self.encoder.fingerprint,
            "training_set": self.training_set,
            "labels": list(self.labels),
            "threshold": self.threshold,
            "calibrator": asdict(self.calibrator),
            "settings": {k: v for k, v in asdict(self.settings).items() if k in _SCORING_SETTINGS},
            "example_rows": self.example_rows,
            "example_labels": self.example_labels,
            **_scorer_arrays(self.scorer),
        }
        with partial.open("wb") as stream:
            stream.write(_skops().dumps(state))
            stream.flush()
            os.fsync(stream.fileno())
        digest = hashlib.sha256(partial.read_bytes()).hexdigest()
        partial.replace(path)
        return digest

    @classmethod
    def load(
        cls, path: Path | str, *, encoder: SentenceEncoder, sha256: str | None = None
    ) -> IntentClassifier:
        """Read an artefact; raise ArtefactRefused unless it is exactly what save() writes for ``encoder``."""
        state = _read_state(Path(path), sha256)
        try:
            if (found := state["format"]) != ARTEFACT_FORMAT:
                raise ArtefactRefused(f"{path} has format {found!r}, not {ARTEFACT_FORMAT}; train it again.")
            if state["encoder"] != encoder.fingerprint:
                raise ArtefactRefused(f"{path} was trained with another sentence encoder; train it again.")
            classifier = cls(
                encoder=encoder,
                labels=[str(label) for label in state["labels"]],
                scorer=_scorer(state),
                calibrator=Calibrator(**{k: float(v) for k, v in state["calibrator"].items()}),
                threshold=float(state["threshold"]),
                example_rows=_array(state, "example_rows", 1),
                example_labels=_array(state, "example_labels", 1),
                settings=Settings(
                    sharpness=float(state["settings"]["sharpness"]),
                    sentence_weight=float(state["settings"]["sentence_weight"]),
                    sentence_gamma=float(state["settings"]["sentence_gamma"]),
                ),
                training_set=str(state["training_set"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtefactRefused(f"{path} is not a complete classifier: {error}.") from error
        _check_shapes(classifier, path)
        return classifier

    def _taken_literally(self, probabilities: np.ndarray, similarities: np.ndarray) -> np.ndarray:
        """Let a text that is word for word an example mean what the example means: people have said so."""
        examples = np.where(self.example_labels >= 0, similarities, -1.0)
        nearest = examples.argmax(axis=1)
        surely = max(LITERAL_CONFIDENCE, self.threshold)
        for row in np.flatnonzero(examples.max(axis=1) >= LITERAL_SIMILARITY):
            label = int(self.example_labels[nearest[row]])
            if probabilities[row, label] < surely:
                rest = max(float(probabilities[row].sum() - probabilities[row, label]), 1e-12)
                probabilities[row] *= (1 - surely) / max(rest, 1 - surely)
                probabilities[row, label] = surely
        return probabilities

    def _prediction(self, probabilities: np.ndarray, similarities: np.ndarray) -> Prediction:
        order = np.argsort(-probabilities, kind="stable")
        scores = tuple((self.labels[i], float(probabilities[i])) for i in order)
        near = np.argsort(-similarities, kind="stable")[:NEAREST]
        rows = self.example_rows[self.example_rows >= 0]
        return Prediction(
            label=scores[0][0],
            confidence=scores[0][1],
            scores=scores,
            margin=scores[0][1] - scores[1][1],
            is_fallback=scores[0][1] < self.threshold,
            nearest=tuple((int(rows[i]), float(similarities[i])) for i in near),
        )


_SCORING_SETTINGS = ("sharpness", "sentence_weight", "sentence_gamma")  # the ones prediction depends on


def _score(prediction: Prediction, label: str) -> float:
    return next(score for name, score in prediction.scores if name == label)


def _scorer_arrays(scorer: Scorer) -> dict[str, np.ndarray]:
    return {
        "adapter": scorer.adapter,
        "projection": scorer.projection,
        "token_vectors": scorer.landmarks.tokens.vectors,
        "token_starts": scorer.landmarks.tokens.starts,
        "sentences": scorer.landmarks.sentences,
        "landmark_rows": scorer.landmark_rows,
        "ridge_weights": scorer.ridge_weights,
        "logistic_weights": scorer.logistic_weights,
        "whitening": scorer.clouds.whitening,
        "centres": scorer.clouds.centres,
    }


def _scorer(state: dict[str, Any]) -> Scorer:
    tokens = TokenBank(_array(state, "token_vectors", 2), _array(state, "token_starts", 1))
    return Scorer(
        adapter=_array(state, "adapter", 2),
        projection=_array(state, "projection", 2),
        landmarks=Views(tokens, _array(state, "sentences", 2)),
        landmark_rows=_array(state, "landmark_rows", 1),
        ridge_weights=_array(state, "ridge_weights", 2),
        logistic_weights=_array(state, "logistic_weights", 2),
        clouds=Clouds(_array(state, "whitening", 2), _array(state, "centres", 2)),
    )


def _array(state: dict[str, Any], name: str, dimensions: int) -> np.ndarray:
    array = state[name]
    if not isinstance(array, np.ndarray) or array.ndim != dimensions or array.dtype.kind not in "fi":
        raise ValueError(f"{name} is not a numeric array of {dimensions} dimensions")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite")
    return array


def _check_shapes(classifier: IntentClassifier, path: Path | str) -> None:
    scorer, d, c = classifier.scorer, classifier.encoder.dimension, len(classifier.labels)
    m, k = len(scorer.landmarks.tokens), scorer.projection.shape[1]
    starts, total = scorer.landmarks.tokens.starts, len(scorer.landmarks.tokens.vectors)
    sound = (
        c >= 2
        and scorer.adapter.shape == (d, d)
        and scorer.projection.shape == (d, k)
        and scorer.landmarks.tokens.vectors.shape == (total, k)
        and scorer.landmarks.sentences.shape == (m, d)
        and scorer.ridge_weights.shape == (m, c)
        and scorer.logistic_weights.shape == (d + 1, c)
        and scorer.clouds.whitening.shape == (d, d)
        and scorer.clouds.centres.shape == (c, d)
        and scorer.landmark_rows.shape == classifier.example_rows.shape == (m,)
        and classifier.example_labels.shape == (m,)
        and bool((classifier.example_labels < c).all())
        and m > 0
        and starts[0] == 0
        and bool((np.diff(starts, append=total) > 0).all())
    )
    if not sound:
        raise ArtefactRefused(f"{path}: the parts of the classifier do not fit together.")


def _read_state(path: Path, sha256: str | None) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactRefused(f"{path} cannot be read: {error.strerror}.") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ArtefactRefused(f"{path} is not the file that was recorded: its sha256 differs.")
    try:
        state = _skops().loads(content, trusted=TRUSTED_TYPES)
    except UNREADABLE as error:
        raise ArtefactRefused(f"{path} is not a classifier artefact: {type(error).__name__}.") from error
    if not isinstance(state, dict):
        raise ArtefactRefused(f"{path} is not a classifier artefact.")
    return state


def _skops() -> Any:
    """Return skops.io; it loads all of scikit-learn, which only a process with a model should wait for."""
    return importlib.import_module("skops.io")
