"""The report of a training as plain JSON, for the version's row. Pure; only the intervals are new."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from intents.evaluation import JudgedQuery, wilson_interval
from intents.training import TrainingReport

RELIABILITY_BINS = 10
FEWEST_IN_A_BIN = 20
CONFUSIONS = 10
CONFUSED_TEXTS = 3


def metrics_of(report: TrainingReport) -> dict[str, Any]:
    """Return the out-of-fold figures: pooled over folds, each text judged by a model that had not seen it.

    Keys: n_examples, n_evaluated, accuracy (with interval, before fallback), macro_f1, ece, fallback,
    per_intent (with the threshold recommended for each), coverage_risk, reliability, confusions, worst,
    not_evaluated, thresholds_by_intent (of all intents), used_unlabelled, seconds.
    """
    evaluation = report.evaluation
    right = wilson_interval(round(evaluation.accuracy * evaluation.n), evaluation.n)
    return {
        "n_examples": report.n_rows,
        "n_evaluated": evaluation.n,
        "accuracy": evaluation.accuracy,
        "accuracy_interval": asdict(right),
        "macro_f1": evaluation.macro_f1,
        "ece": evaluation.ece,
        "fallback": {
            "count": round(evaluation.fallback_ratio * evaluation.n),
            "n": evaluation.n,
            "ratio": evaluation.fallback_ratio,
            **asdict(evaluation.fallback_interval),
        },
        "per_intent": [
            {
                "slug": score.label,
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
                "n": score.n,
                "threshold": report.thresholds_by_intent[score.label],
                "confused_with": [{"slug": label, "n": n} for label, n in score.confused_with],
            }
            for score in evaluation.per_intent
        ],
        "coverage_risk": [asdict(point) for point in report.curve],
        "reliability": reliability(report.judged),
        "confusions": confusions(report.judged),
        "worst": [
            {"text": q.text, "intent": q.label, "predicted": q.predicted, "confidence": q.confidence}
            for q in evaluation.worst
        ],
        "not_evaluated": list(evaluation.not_evaluated),
        "thresholds_by_intent": report.thresholds_by_intent,
        "used_unlabelled": report.used_unlabelled,
        "seconds": report.seconds,
    }


def reliability(judged: Sequence[JudgedQuery]) -> list[dict[str, Any]]:
    """Return mean confidence, share that is right, and n of bins with about as many texts each.

    At most RELIABILITY_BINS, none under FEWEST_IN_A_BIN texts (Nguyen and O'Connor 2015, adaptive binning).
    """
    ordered = sorted(judged, key=lambda query: query.confidence)
    count = max(1, min(RELIABILITY_BINS, len(ordered) // FEWEST_IN_A_BIN))
    edges = [len(ordered) * i // count for i in range(count + 1)]
    bins = [ordered[start:end] for start, end in pairwise(edges) if end > start]
    return [
        {
            "confidence": sum(query.confidence for query in rows) / len(rows),
            "accuracy": sum(query.label == query.predicted for query in rows) / len(rows),
            "n": len(rows),
        }
        for rows in bins
    ]


def confusions(judged: Sequence[JudgedQuery]) -> list[dict[str, Any]]:
    """Return the pairs of intents that are taken for each other most, with how often each way and texts."""
    ways: Counter[tuple[str, str]] = Counter()
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for query in judged:
        if query.label != query.predicted:
            pair = (min(query.label, query.predicted), max(query.label, query.predicted))
            ways[query.label, query.predicted] += 1
            texts[pair].append(query.text)
    most = sorted(texts, key=lambda pair: (-len(texts[pair]), pair))[:CONFUSIONS]
    return [
        {
            "first": first,
            "second": second,
            "first_as_second": ways[first, second],
            "second_as_first": ways[second, first],
            "texts": texts[first, second][:CONFUSED_TEXTS],
        }
        for first, second in most
    ]
