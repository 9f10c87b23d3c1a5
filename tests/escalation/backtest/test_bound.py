"""The exact bound, and the threshold that it recommends."""

from __future__ import annotations

import random

import pytest
from scipy.stats import binomtest

from escalation.backtest.bound import DELTA, LIMIT, Level, cases_needed, recommend, upper_bound


@pytest.mark.row("4.9")
@pytest.mark.parametrize(
    ("wrong", "known", "upper"),
    [(0, 0, 1.0), (0, 58, 0.0503), (0, 59, 0.0495), (3, 3, 1.0), (5, 200, 0.0519), (4, 200, 0.0452)],
)
def test_the_bound_is_the_exact_binomial_one(wrong: int, known: int, upper: float) -> None:
    assert upper_bound(wrong, known) == pytest.approx(upper, abs=0.0001)


@pytest.mark.parametrize(("wrong", "known"), [(1, 40), (7, 310), (0, 12)])
def test_the_bound_agrees_with_another_implementation(wrong: int, known: int) -> None:
    other = binomtest(wrong, known, alternative="less").proportion_ci(0.95, method="exact").high
    assert upper_bound(wrong, known) == pytest.approx(other)


@pytest.mark.row("4.9")
def test_the_mildest_threshold_that_passes_before_the_first_failure_is_recommended() -> None:
    tested = [
        Level(0.9, 0, 100),
        Level(0.8, 1, 100),
        Level(0.7, 2, 100),  # upper bound 0.0616: fails
        Level(0.6, 1, 100),  # would pass, but stands behind a failure
    ]
    found = recommend(tested)
    assert (found.value, found.wrong, found.known, found.needed) == (0.8, 1, 100, None)
    assert found.upper == pytest.approx(0.0466, abs=0.0001)


@pytest.mark.row("4.9")
@pytest.mark.parametrize(
    ("tested", "known", "needed"),
    [
        ([], 0, 59),
        ([Level(0.9, 0, 20)], 20, 59),
        ([Level(0.9, 1, 50)], 50, 157),  # one in fifty stays: so many cases show that it is under 5 %
        ([Level(0.9, 5, 50)], 50, None),  # one in ten: no number of cases makes that 5 %
    ],
)
def test_too_few_cases_recommend_nothing_and_say_how_many_it_takes(tested, known, needed) -> None:
    found = recommend(tested)
    assert (found.value, found.known) == (None, known)
    assert found.needed == needed


def test_so_many_cases_as_are_asked_for_do_pass() -> None:
    needed = cases_needed(0.02)
    assert needed is not None
    assert upper_bound(round(0.02 * needed), needed) <= LIMIT


@pytest.mark.row("4.9")
def test_the_guarantee_holds_in_nineteen_of_twenty_worlds() -> None:
    """Draw worlds whose share of errors grows as the threshold falls; count broken promises."""
    random.seed(1)
    thresholds = [0.9, 0.8, 0.7, 0.6, 0.5]
    truth = dict(zip(thresholds, (0.01, 0.03, 0.05, 0.06, 0.2), strict=True))
    broken = 0
    for _ in range(400):
        scores = [random.random() for _ in range(300)]  # nested errors, as with one number that moves
        tested = [Level(t, sum(s < truth[t] for s in scores), 300) for t in thresholds]
        value = recommend(tested).value
        broken += value is not None and truth[value] > LIMIT
    assert broken / 400 <= DELTA
