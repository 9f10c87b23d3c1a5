"""The report of a training as plain JSON, for the version's row. Pure; only the intervals are new."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from intents.evaluation import wilson_interval
from intents.training import TrainingReport


def metrics_of(report: TrainingReport) -> dict[str, Any]:
    """Return the out-of-fold figures: pooled over folds, each text judged by a model that had not seen it.

    Keys: n_examples, n_evaluated, accuracy (with interval, before fallback), macro_f1, ece, fallback,
    per_intent, coverage_risk, worst, not_evaluated, seconds.
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
                "confused_with": [{"slug": label, "n": n} for label, n in score.confused_with],
            }
            for score in evaluation.per_intent
        ],
        "coverage_risk": [asdict(point) for point in report.curve],
        "worst": [
            {"text": q.text, "intent": q.label, "predicted": q.predicted, "confidence": q.confidence}
            for q in evaluation.worst
        ],
        "not_evaluated": list(evaluation.not_evaluated),
        "seconds": report.seconds,
    }
