"""Measure the classifier on a public data set with the very training and prediction that releases use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from intents.classifier import IntentClassifier
from intents.dataset import Dataset, load_texts
from intents.evaluation import OUT_OF_SCOPE, JudgedQuery, evaluate, evaluate_scope
from intents.training import train
from nlp.encoder import SentenceEncoder

TIMED_MESSAGES = 300
WARM_UP_MESSAGES = 10
CHOSEN_BY = (
    "one set of settings for all data: mean accuracy on the valid splits of BANKING77 and CLINC150 (5- and "
    "10-shot training); temperature, confidence and fallback threshold: grouped stratified cross-validation "
    "on the training rows, the slope of confidence drawn to a typical one that was chosen on redraws of train"
)


def run(
    train_csv: Path | str,
    test_csv: Path | str,
    oos_csv: Path | str | None = None,
    unlabelled_csv: Path | str | None = None,
    *,
    encoder: SentenceEncoder,
) -> dict[str, Any]:
    """Train on one CSV, predict another; ratios are 0..1, times are for one message at a time, uncached.

    The out-of-scope figures are None without ``oos_csv``, whose texts are only ever predicted.
    """
    train_set, test_set = Dataset.from_csv(train_csv), Dataset.from_csv(test_csv)
    outside = load_texts(oos_csv) if oos_csv else []
    unlabelled = load_texts(unlabelled_csv) if unlabelled_csv else []
    encoder.clear_cache()
    started = time.perf_counter()
    model = train(train_set, encoder=encoder, unlabelled=unlabelled)
    train_seconds = time.perf_counter() - started
    classifier = model.classifier
    judged = _judge(classifier, test_set.texts, test_set.labels)
    figures = evaluate(judged)
    p50_ms, p95_ms = _latency(classifier, test_set.texts)
    return {
        "accuracy": figures.accuracy,
        "macro_f1": figures.macro_f1,
        "ece": figures.ece,
        **_scope_figures(judged, _judge(classifier, outside, [OUT_OF_SCOPE] * len(outside))),
        "in_scope_fallback_ratio": figures.fallback_ratio,
        "train_seconds": train_seconds,
        "p50_ms": p50_ms,
        "p95_ms": p95_ms,
        "n_train": len(train_set),
        "n_test": len(test_set),
        "used_unlabelled": model.report.used_unlabelled,
        "settings": {**asdict(model.report.settings), "threshold": classifier.threshold},
        "chosen_by": CHOSEN_BY,
    }


def _judge(classifier: IntentClassifier, texts: Sequence[str], labels: Sequence[str]) -> list[JudgedQuery]:
    return [
        JudgedQuery(text, label, p.label, p.confidence, p.is_fallback)
        for text, label, p in zip(texts, labels, classifier.predict(texts), strict=True)
    ]


def _scope_figures(judged: Sequence[JudgedQuery], outside: Sequence[JudgedQuery]) -> dict[str, float | None]:
    if not outside:
        return {"oos_auroc": None, "oos_recall": None, "mcc": None}
    figures = evaluate_scope(judged, outside)
    return {"oos_auroc": figures.auroc, "oos_recall": figures.recall, "mcc": figures.mcc}


def _latency(classifier: IntentClassifier, texts: Sequence[str]) -> tuple[float, float]:
    """Return p50 and p95 milliseconds of predicting one message, the encoder's work included."""
    spread = np.linspace(0, len(texts) - 1, min(TIMED_MESSAGES, len(texts)), dtype=int)
    times_ms = []
    for count, i in enumerate([*spread[:WARM_UP_MESSAGES], *spread]):
        classifier.encoder.clear_cache()
        started = time.perf_counter()
        classifier.predict([texts[i]])
        if count >= WARM_UP_MESSAGES:
            times_ms.append((time.perf_counter() - started) * 1000)
    return float(np.percentile(times_ms, 50)), float(np.percentile(times_ms, 95))
