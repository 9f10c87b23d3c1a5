"""Probabilities, the calibration error, and the fallback threshold."""

from __future__ import annotations

import numpy as np
import pytest

from intents.calibration import (
    Calibrator,
    choose_threshold,
    coverage_risk,
    expected_calibration_error,
    fit_calibrator,
)
from intents.scoring import RawScores


def _scores(n: int, classes: int, seed: int, signal: float) -> tuple[RawScores, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    ridge, logistic = rng.normal(0, 0.1, (n, classes)), rng.normal(0, 1, (n, classes))
    ridge[np.arange(n), y] += 0.2 * signal
    logistic[np.arange(n), y] += 2 * signal
    nearest, distances = rng.normal(0.7 + 0.05 * signal, 0.05, (n, 1)), rng.normal(25, 5, n)
    return RawScores(ridge, logistic, nearest, distances), y


@pytest.mark.row("3.16")
def test_the_calibration_error_is_the_weighted_gap_of_fifteen_equal_bins() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.1, 0.1])
    correct = np.array([1, 1, 1, 0, 0, 0], dtype=float)
    assert expected_calibration_error(confidence, correct) == pytest.approx((4 * 0.2 + 2 * 0.1) / 6)
    assert expected_calibration_error(np.array([1.0]), np.array([1.0])) == 0.0


@pytest.mark.row("3.16")
def test_fitted_confidence_is_calibrated_on_texts_it_was_not_fitted_on() -> None:
    fitted_on, y = _scores(1500, 10, seed=1, signal=1.0)
    fresh, truth = _scores(1500, 10, seed=2, signal=1.0)
    calibrator = fit_calibrator(fitted_on, y, fresh.take(np.arange(0)))
    probabilities = calibrator.probabilities(fresh)
    correct = probabilities.argmax(axis=1) == truth
    assert expected_calibration_error(probabilities.max(axis=1), correct) < 0.03


@pytest.mark.row("3.16")
@pytest.mark.parametrize(
    ("rows", "lowest", "highest"),
    [(20, 0.34, 0.36), (200, 0.34, 0.38), (3000, 0.5, 0.7)],
    ids=["a few keep to what is typical", "some hundred hardly leave it", "thousands say it themselves"],
)
def test_how_fast_confidence_rises_is_learnt_from_a_set_only_as_far_as_its_rows_can_tell(
    rows: int, lowest: float, highest: float
) -> None:
    raw, y = _scores(rows, 10, seed=1, signal=1.0)  # whose own slope is about 0.6
    calibrator = fit_calibrator(raw, y, raw.take(np.arange(0)))
    assert lowest <= calibrator.slope <= highest


@pytest.mark.parametrize("n", [0, 1, 9, 10, 20])
def test_few_texts_still_give_probabilities(n: int) -> None:
    raw, y = _scores(n, 4, seed=3, signal=9.0)  # without a single mistake
    calibrator = fit_calibrator(raw, y, raw.take(np.arange(0)))
    probe, _ = _scores(50, 4, seed=4, signal=1.0)
    probabilities = calibrator.probabilities(probe)
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert (probabilities.sum(axis=1) <= 1 + 1e-9).all()
    if n < 10:
        assert calibrator == Calibrator()


def test_the_likeliest_class_stays_first_whatever_the_confidence() -> None:
    raw, _ = _scores(200, 6, seed=5, signal=0.0)
    calibrator = Calibrator(intercept=-4.0)
    plain = raw.ridge / calibrator.ridge_scale + raw.logistic / calibrator.logistic_scale
    assert (calibrator.probabilities(raw).argmax(axis=1) == plain.argmax(axis=1)).all()


@pytest.mark.row("3.14")
def test_a_text_that_belongs_to_no_intent_loses_confidence_though_one_leads_by_as_much() -> None:
    raw, _ = _scores(50, 6, seed=6, signal=1.0)
    foreign = RawScores(raw.ridge - 0.1, raw.logistic, raw.similarities, raw.distances)
    np.testing.assert_allclose(foreign.belonging, raw.belonging - 0.6)
    calibrator = Calibrator()
    inside, outside = calibrator.probabilities(raw), calibrator.probabilities(foreign)
    assert (outside.argmax(axis=1) == inside.argmax(axis=1)).all()
    assert (outside.max(axis=1) < inside.max(axis=1)).all()


NONE = np.array([])
INSIDE = np.linspace(0.3, 1.0, 200)


@pytest.mark.row("3.14")
@pytest.mark.parametrize("outside", [NONE, np.full(19, 0.9), np.full(100, 0.9), np.linspace(0, 0.5, 100)])
def test_real_off_topic_texts_never_push_more_than_five_percent_into_fallback(outside: np.ndarray) -> None:
    assert (choose_threshold(INSIDE, NONE, outside) > INSIDE).mean() <= 0.05


def test_with_real_off_topic_texts_no_more_is_refused_than_pays() -> None:
    assert choose_threshold(INSIDE, NONE, np.linspace(0.0, 0.29, 50)) == pytest.approx(0.3)


def test_the_threshold_lies_between_the_built_in_texts_and_the_in_scope_ones() -> None:
    threshold = choose_threshold(INSIDE, np.full(100, 0.1), NONE)
    assert 0.1 < threshold < np.quantile(INSIDE, 0.05)


@pytest.mark.row("3.17")
def test_built_in_texts_raise_the_threshold_of_a_small_set_as_far_as_its_size_excuses() -> None:
    small = np.linspace(0.3, 1.0, 40)
    plain, raised = choose_threshold(small, NONE, NONE), choose_threshold(small, np.full(100, 0.9), NONE)
    assert plain < raised < 0.9
    assert (small < raised).mean() == pytest.approx(0.1)
    many = np.linspace(0.3, 1.0, 4000)
    assert (many < choose_threshold(many, np.full(100, 0.9), NONE)).mean() <= 0.05


def test_without_held_out_texts_the_threshold_is_cautious() -> None:
    assert choose_threshold(np.array([0.2] * 9), NONE, NONE) == 0.5


def test_the_risk_curve_answers_all_at_zero_and_less_above() -> None:
    curve = coverage_risk(np.array([0.2, 0.6, 0.9, 0.9]), np.array([0.0, 1.0, 1.0, 1.0]), points=3)
    assert [(p.threshold, p.coverage, p.risk) for p in curve] == [
        (0.0, 1.0, 0.25),
        (0.5, 0.75, 0.0),
        (1.0, 0.0, 0.0),
    ]
