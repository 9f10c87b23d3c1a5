"""Train a classifier from labelled texts, and say honestly how good it is.

The evaluation in the report is out of fold: each text is judged by a model, a calibration and a threshold
that have not seen it. Does not decide whether the classifier may be released.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from intents.background import OFF_TOPIC_TEXTS
from intents.calibration import Calibrator, RiskPoint, choose_threshold, coverage_risk, fit_calibrator
from intents.classifier import IntentClassifier
from intents.dataset import Dataset, DatasetError
from intents.evaluation import Evaluation, JudgedQuery, evaluate
from intents.folds import Material, OutOfFold, Progress, out_of_fold
from intents.intent_thresholds import thresholds_by_intent
from intents.scoring import RawScores, Scorer, Settings, balanced_sample
from intents.self_training import fit_with_surest, summed
from nlp.encoder import Encoding, SentenceEncoder

MAX_OFF_TOPIC = 2000
MAX_UNLABELLED = 5000
ENCODING_BATCH = 256


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training did: rows given and used, out-of-fold figures, the risk curve, and the time it took.

    ``thresholds_by_intent`` are recommended beside the ``threshold`` that holds for all
    (intents.intent_thresholds); ``used_unlabelled`` says whether messages without a label were learnt from.
    """

    n_rows: int
    n_used: int
    counts: dict[str, int]
    training_set: str
    threshold: float
    thresholds_by_intent: dict[str, float]
    used_unlabelled: bool
    evaluation: Evaluation
    curve: tuple[RiskPoint, ...]
    judged: tuple[JudgedQuery, ...]  # the out-of-fold answers that the figures are of
    settings: Settings
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A classifier and the report on its training."""

    classifier: IntentClassifier
    report: TrainingReport


def train(
    dataset: Dataset,
    *,
    encoder: SentenceEncoder,
    label_names: Mapping[str, str] | None = None,
    oos_texts: Sequence[str] = (),
    unlabelled: Sequence[str] = (),
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> TrainedModel:
    """Train on ``dataset``; raise DatasetError with fewer than two labels.

    ``label_names`` gives the words for a label (default: the label itself, underscores as spaces); each name
    is one more example. ``oos_texts`` are texts known to be off-topic; they sharpen the fallback threshold.
    ``unlabelled`` are messages without a label: of each intent the few that a first classifier is surest of
    are learnt from as well, provided that cross-validation on the labelled examples gets more right that way
    (``used_unlabelled`` of the report). The same data give the same classifier.
    """
    started = time.perf_counter()
    settings = settings or Settings()
    tell = progress or _silent
    material = _prepare(dataset, encoder, label_names, settings, tell)
    extra = _encode(encoder, unlabelled[:MAX_UNLABELLED])
    scores, extra = _scores_and_unlabelled(material, extra, settings, tell)
    tell(settings.folds + 1, settings.folds + 2, "Training on all examples")
    scorer = fit_with_surest(material.all_encodings, material.all_y, len(material.labels), extra, settings)
    off_topic, real = _off_topic_scores(scorer, scores, oos_texts, encoder, settings)
    calibrator, threshold = _calibrate(scores, material.y[scores.rows], off_topic, real)
    example_rows = _rows_of(scorer, material)
    classifier = IntentClassifier(
        encoder=encoder,
        labels=material.labels,
        scorer=scorer,
        calibrator=calibrator,
        threshold=threshold,
        example_rows=example_rows,
        example_labels=_labels_of(example_rows, scorer, material),
        settings=settings,
        training_set=dataset.fingerprint,
    )
    evaluation, curve, judged = _evaluate(dataset, material, scores, off_topic, real)
    report = TrainingReport(
        n_rows=len(dataset),
        n_used=len(material.y),
        counts=dataset.counts,
        training_set=dataset.fingerprint,
        threshold=threshold,
        thresholds_by_intent=_thresholds_by_intent(scores, material, calibrator, threshold),
        used_unlabelled=bool(extra),
        evaluation=evaluation,
        curve=tuple(curve),
        judged=tuple(judged),
        settings=settings,
        seconds=time.perf_counter() - started,
    )
    tell(settings.folds + 2, settings.folds + 2, "Trained")
    return TrainedModel(classifier, report)


def spoken_name(label: str) -> str:
    """Return a label as words: ``card_arrival`` and ``CardArrival`` become "card arrival"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)
    return " ".join(re.split(r"[\W_]+", words)).strip().lower()


def _prepare(
    dataset: Dataset,
    encoder: SentenceEncoder,
    label_names: Mapping[str, str] | None,
    settings: Settings,
    tell: Progress,
) -> Material:
    labels = dataset.names
    if len(labels) < 2:
        raise DatasetError("A classifier needs examples of at least two intents.")
    number = {label: i for i, label in enumerate(labels)}
    y = np.array([number[label] for label in dataset.labels], dtype=np.int64)
    rows = balanced_sample(y, settings.max_rows, settings.seed)
    tell(0, settings.folds + 2, "Reading the examples")
    spoken = [(label_names or {}).get(label) or spoken_name(label) for label in labels]
    named = [i for i, name in enumerate(spoken) if re.search(r"[^\W\d_]", name)]
    names = encoder.encode_tokens([spoken[i] for i in named])
    tell(1, settings.folds + 2, "Reading the examples")
    return Material(
        labels=labels,
        rows=rows,
        y=y[rows],
        groups=dataset.groups()[rows],
        encodings=_encode(encoder, [dataset.texts[i] for i in rows]),
        name_encodings=names,
        name_y=np.array(named, dtype=np.int64),
    )


def _scores_and_unlabelled(
    material: Material, unlabelled: list[Encoding], settings: Settings, tell: Progress
) -> tuple[OutOfFold, list[Encoding]]:
    """Return out-of-fold scores, and ``unlabelled`` where more held-out rows are right with them."""
    without = out_of_fold(material, settings, tell)
    if not unlabelled:
        return without, []
    learnt = out_of_fold(material, settings, tell, unlabelled)
    if _right(learnt, material) > _right(without, material):
        return learnt, unlabelled
    return without, []


def _right(scores: OutOfFold, material: Material) -> int:
    return (
        int((summed(scores.raw).argmax(axis=1) == material.y[scores.rows]).sum()) if len(scores.rows) else 0
    )


def _rows_of(scorer: Scorer, material: Material) -> np.ndarray:
    """Return the row in the data set of each landmark, −1 for names and for messages without a label."""
    rows = material.example_rows
    known = scorer.landmark_rows < len(rows)
    return np.where(known, rows[np.where(known, scorer.landmark_rows, 0)], -1)


def _labels_of(example_rows: np.ndarray, scorer: Scorer, material: Material) -> np.ndarray:
    """Return the class of each landmark that is an example, −1 for the others."""
    rows = np.where(example_rows >= 0, scorer.landmark_rows, 0)
    return np.where(example_rows >= 0, material.all_y[rows], -1)


def _encode(encoder: SentenceEncoder, texts: Sequence[str]) -> list[Encoding]:
    return [
        encoding
        for first in range(0, len(texts), ENCODING_BATCH)
        for encoding in encoder.encode_tokens(texts[first : first + ENCODING_BATCH])
    ]


def _off_topic_scores(
    scorer: Scorer, scores: OutOfFold, oos_texts: Sequence[str], encoder: SentenceEncoder, settings: Settings
) -> tuple[RawScores, int]:
    """Return scores of off-topic texts, the ``real`` ones (whose number is returned too) first.

    Of the built-in texts those are left out that look as familiar as the middle in-scope text: what is
    off-topic for most products ("what's the weather") may be an intent of this one.
    """
    real = scorer.scores(_encode(encoder, oos_texts[:MAX_OFF_TOPIC]), settings) if oos_texts else None
    built_in = scorer.scores(_encode(encoder, OFF_TOPIC_TEXTS), settings)
    usual = float(np.median(scores.raw.nearest)) if len(scores.rows) else 1.0
    built_in = built_in.take(np.flatnonzero(built_in.nearest < usual))
    if real is None:
        return built_in, 0
    return real.joined(built_in), len(real.nearest)


def _calibrate(
    scores: OutOfFold, truth: np.ndarray, off_topic: RawScores, real: int
) -> tuple[Calibrator, float]:
    calibrator = fit_calibrator(scores.raw, truth, off_topic)
    inside = calibrator.probabilities(scores.raw).max(axis=1)
    outside = calibrator.probabilities(off_topic).max(axis=1)
    return calibrator, choose_threshold(inside, outside[real:], outside[:real])


def _thresholds_by_intent(
    scores: OutOfFold, material: Material, calibrator: Calibrator, threshold: float
) -> dict[str, float]:
    y, probabilities = material.y[scores.rows], calibrator.probabilities(scores.raw)
    correct = (probabilities.argmax(axis=1) == y).astype(np.float64)
    return thresholds_by_intent(probabilities.max(axis=1), correct, y, material.labels, threshold)


def _evaluate(
    dataset: Dataset, material: Material, scores: OutOfFold, off_topic: RawScores, real: int
) -> tuple[Evaluation, list[RiskPoint], list[JudgedQuery]]:
    """Judge each part of the held-out rows by the calibration and threshold fitted on the other parts."""
    parts = scores.folds if len(np.unique(scores.folds)) > 1 else np.arange(len(scores.rows)) % 2
    judged: list[JudgedQuery] = []
    for part in np.unique(parts):
        others, own = np.flatnonzero(parts != part), np.flatnonzero(parts == part)
        calibrator, threshold = _calibrate(
            scores.take(others), material.y[scores.rows[others]], off_topic, real
        )
        probabilities = calibrator.probabilities(scores.raw.take(own))
        for row, p in zip(scores.rows[own], probabilities, strict=True):
            label, best = material.labels[material.y[row]], int(p.argmax())
            text = dataset.texts[material.rows[row]]
            fallback = bool(p[best] < threshold)
            judged.append(JudgedQuery(text, label, material.labels[best], float(p[best]), fallback))
    seen = {q.label for q in judged}
    confidence = np.array([q.confidence for q in judged])
    correct = np.array([q.label == q.predicted for q in judged], dtype=np.float64)
    unseen = [label for label in material.labels if label not in seen]
    return evaluate(judged, unseen), coverage_risk(confidence, correct), judged


def _silent(done: int, total: int, message: str) -> None:
    """Report progress to nobody."""
