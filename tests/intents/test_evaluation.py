"""Figures over judged texts, against values worked out by hand."""

from __future__ import annotations

import pytest

from intents.calibration import Interval, wilson_interval
from intents.evaluation import OUT_OF_SCOPE, JudgedQuery, evaluate, evaluate_scope

JUDGED = [
    JudgedQuery("a1", "a", "a", 0.9, False),
    JudgedQuery("a2", "a", "b", 0.8, False),
    JudgedQuery("a3", "a", "b", 0.2, True),
    JudgedQuery("b1", "b", "b", 0.7, False),
]


@pytest.mark.row("3.15")
def test_averages_follow_their_stated_definitions() -> None:
    figures = evaluate(JUDGED)
    assert figures.accuracy == 0.5
    a, b = figures.per_intent
    assert (a.n, a.precision, a.recall, a.f1) == (3, 1.0, 1 / 3, 0.5)
    assert (b.n, b.precision, b.recall, b.f1) == (1, 1 / 3, 1.0, 0.5)
    assert a.confused_with == (("b", 2),)
    assert figures.macro_f1 == 0.5
    assert figures.fallback_ratio == 0.25


@pytest.mark.row("3.14")
def test_the_worst_queries_are_confident_mistakes_then_the_least_confident() -> None:
    assert [q.text for q in evaluate(JUDGED).worst] == ["a2", "a3", "b1", "a1"]
    assert len(evaluate(JUDGED * 9).worst) == 10


@pytest.mark.row("3.14")
def test_the_fallback_ratio_has_a_wilson_interval() -> None:
    assert wilson_interval(1, 20).low == pytest.approx(0.008881, abs=1e-5)
    assert wilson_interval(1, 20).high == pytest.approx(0.236131, abs=1e-5)
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)


def test_nothing_judged_gives_zeros_and_names_what_was_not_evaluated() -> None:
    figures = evaluate([], ["a"])
    assert (figures.n, figures.accuracy, figures.ece, figures.worst) == (0, 0.0, 0.0, ())
    assert figures.not_evaluated == ("a",)


def test_out_of_scope_counts_as_a_class_that_is_predicted_by_falling_back() -> None:
    outside = [
        JudgedQuery("o1", OUT_OF_SCOPE, "a", 0.1, True),
        JudgedQuery("o2", OUT_OF_SCOPE, "b", 0.75, False),
    ]
    figures = evaluate_scope(JUDGED, outside)
    assert figures.recall == 0.5
    assert figures.auroc == pytest.approx((2 + 2 + 1 + 1) / 8)
    perfect = evaluate_scope([JUDGED[0], JUDGED[3]], outside[:1])
    assert (perfect.mcc, perfect.auroc, perfect.recall) == (1.0, 1.0, 1.0)
