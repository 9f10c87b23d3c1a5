"""How good the answers on texts with known intents are, in numbers with one stated definition each.

Averages: accuracy is over all texts, before fallback; macro_f1 is the mean of F1 over the intents that occur
in the truth; both on predictions pooled over the folds (never a mean of per-fold figures). Does not decide
whether the figures are good enough; the gate report does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from intents.calibration import Interval, expected_calibration_error, wilson_interval

OUT_OF_SCOPE = "__out_of_scope__"
WORST = 10
CONFUSIONS = 5


@dataclass(frozen=True, slots=True)
class IntentScore:
    """Figures of one intent over ``n`` texts; ``confused_with`` lists what its texts were taken for."""

    label: str
    n: int
    precision: float
    recall: float
    f1: float
    confused_with: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """One text with its true and predicted intent; out of scope the true one is OUT_OF_SCOPE."""

    text: str
    label: str
    predicted: str
    confidence: float
    is_fallback: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures over ``n`` in-scope texts. ``worst``: confident mistakes first, then the least confident."""

    n: int
    accuracy: float
    macro_f1: float
    ece: float
    fallback_ratio: float
    fallback_interval: Interval
    per_intent: tuple[IntentScore, ...]
    worst: tuple[JudgedQuery, ...]
    not_evaluated: tuple[str, ...] = ()  # labels of which nothing could be held out


@dataclass(frozen=True, slots=True)
class ScopeEvaluation:
    """How out-of-scope texts are told apart.

    ``auroc`` of confidence, in scope against out of scope; ``recall``: share of out-of-scope texts that fall
    back; ``mcc``: multi-class Matthews correlation over all texts, out of scope being one more class which is
    predicted by falling back.
    """

    n: int
    auroc: float
    recall: float
    mcc: float


def evaluate(judged: Sequence[JudgedQuery], not_evaluated: Sequence[str] = ()) -> Evaluation:
    """Return the figures of ``judged`` in-scope texts."""
    n = len(judged)
    correct = np.array([q.label == q.predicted for q in judged], dtype=np.float64)
    confidence = np.array([q.confidence for q in judged], dtype=np.float64)
    per_intent = _per_intent(judged)
    fallen = sum(q.is_fallback for q in judged)
    badness = np.where(correct > 0, -confidence, confidence)
    worst = [judged[i] for i in np.argsort(-badness, kind="stable")[:WORST]]
    return Evaluation(
        n=n,
        accuracy=float(correct.mean()) if n else 0.0,
        macro_f1=float(np.mean([i.f1 for i in per_intent])) if n else 0.0,
        ece=expected_calibration_error(confidence, correct),
        fallback_ratio=fallen / n if n else 0.0,
        fallback_interval=wilson_interval(fallen, n),
        per_intent=per_intent,
        worst=tuple(worst),
        not_evaluated=tuple(not_evaluated),
    )


def evaluate_scope(judged: Sequence[JudgedQuery], outside: Sequence[JudgedQuery]) -> ScopeEvaluation:
    """Return the figures of telling ``judged`` in-scope texts from ``outside`` ones, at least one of each."""
    from sklearn.metrics import (  # noqa: PLC0415 - slow to load, used in measuring only
        matthews_corrcoef,
        roc_auc_score,
    )

    inside = [q.confidence for q in judged]
    n = len(outside)
    truth = [q.label for q in judged] + [OUT_OF_SCOPE] * n
    predicted = [OUT_OF_SCOPE if q.is_fallback else q.predicted for q in judged]
    predicted += [OUT_OF_SCOPE if q.is_fallback else q.predicted for q in outside]
    is_inside = [1] * len(inside) + [0] * n
    return ScopeEvaluation(
        n=n,
        auroc=float(roc_auc_score(is_inside, [*inside, *(q.confidence for q in outside)])),
        recall=sum(q.is_fallback for q in outside) / n,
        mcc=float(matthews_corrcoef(truth, predicted)),
    )


def _per_intent(judged: Sequence[JudgedQuery]) -> tuple[IntentScore, ...]:
    actual = Counter(q.label for q in judged)
    answered = Counter(q.predicted for q in judged)
    right = Counter(q.label for q in judged if q.label == q.predicted)
    mistakes: dict[str, Counter[str]] = {label: Counter() for label in actual}
    for query in judged:
        if query.label != query.predicted:
            mistakes[query.label][query.predicted] += 1
    return tuple(
        IntentScore(
            label=label,
            n=actual[label],
            precision=right[label] / answered[label] if answered[label] else 0.0,
            recall=right[label] / actual[label],
            f1=2 * right[label] / (actual[label] + answered[label]),
            confused_with=tuple(sorted(mistakes[label].items(), key=lambda m: (-m[1], m[0]))[:CONFUSIONS]),
        )
        for label in sorted(actual)
    )
