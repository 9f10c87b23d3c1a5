"""From scores to probabilities, and from probabilities to a fallback threshold.

Everything is fitted on out-of-fold scores: scores that a text got from a model which had not seen it.
Decides neither the scores (intents.scoring) nor what a fallback leads to (the runtime).

The confidence of the top intent is built in three steps. The two scores, each divided by its out-of-fold
standard deviation, are added and made probabilities by one temperature (Guo et al. 2017). The log-odds of the
top intent then gain scope, which says in standard deviations how familiar the text looks: how much it belongs
to the examples as a whole, how similar the nearest one is, how close the nearest intent. This is what tells
off-topic texts. Platt's two numbers finally map that evidence to the share of correct answers; with few rows
the slope stays near the one that public sets have in common, since a few hundred cannot tell it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import sqrt

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

from intents.scoring import RawScores

ECE_BINS = 15
# of the familiarity of a text; twice as much tells off-topic texts a little better, but right answers worse
BELONGING_WEIGHT, NEAREST_WEIGHT, CLOSENESS_WEIGHT = 1.0, 0.5, 0.5
# Platt's slope is 0.33 to 0.38 on each of five groups of public sets when fitted on unseen texts, but 0.2
# to 1 on a few hundred out-of-fold rows: by chance. So a fit must earn its distance from the typical slope;
# Student's t lets go where rows are many and clear.
SLOPE_SCALE, SLOPE_FREEDOM, INTERCEPT_DEVIATION = 0.03, 3, 1.0
OFF_TOPIC_SHARE = 0.02  # weight of off-topic texts, as wrong answers, against the in-scope ones: an anchor
MAX_IN_SCOPE_FALLBACK = 0.05
BUILT_IN_REFUSED = 0.95
SMALL_SET = 300
FEW_ROWS = 10  # under so many out-of-fold rows the typical values below are safer than a fit
FEW_OFF_TOPIC = 20
CAUTIOUS_THRESHOLD = 0.5  # where nothing can be held out to choose by


@dataclass(frozen=True, slots=True)
class Calibrator:
    """Numbers that turn raw scores into probabilities; the defaults are typical values of public sets."""

    ridge_scale: float = 0.06
    logistic_scale: float = 1.3
    temperature: float = 0.85  # multiplies the summed scores
    nearest_mean: float = 0.75
    nearest_deviation: float = 0.1
    distance_mean: float = 25.0
    distance_deviation: float = 6.0
    belonging_mean: float = 0.65  # of a set of about 40 examples; 0.88 to 0.98 with 100 and more
    belonging_deviation: float = 0.1
    slope: float = 0.35
    intercept: float = 1.0

    def probabilities(self, raw: RawScores) -> np.ndarray:
        """Return one probability per class, (n, classes); what is missing to 1 is "none of these"."""
        plain = softmax(self.temperature * self._sums(raw.ridge, raw.logistic), axis=1)
        top = plain.max(axis=1)
        confidence = expit(self.slope * self._evidence(top, raw) + self.intercept)
        rest = np.minimum(confidence / top, (1 - confidence) / np.maximum(1 - top, 1e-12))
        out = plain * rest[:, None]
        out[np.arange(len(out)), plain.argmax(axis=1)] = confidence
        return out

    def _sums(self, ridge: np.ndarray, logistic: np.ndarray) -> np.ndarray:
        return (ridge / self.ridge_scale + logistic / self.logistic_scale).astype(np.float64)

    def _evidence(self, top: np.ndarray, raw: RawScores) -> np.ndarray:
        near = (raw.nearest - self.nearest_mean) / self.nearest_deviation
        close = (self.distance_mean - raw.distances) / self.distance_deviation
        belonging = (raw.belonging - self.belonging_mean) / self.belonging_deviation
        scope = BELONGING_WEIGHT * belonging + NEAREST_WEIGHT * near + CLOSENESS_WEIGHT * close
        return logit(np.clip(top, 1e-6, 1 - 1e-6)) + scope


TYPICAL = Calibrator()


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """At ``threshold`` the share answered (coverage) and the share of wrong ones among them (risk)."""

    threshold: float
    coverage: float
    risk: float


def fit_calibrator(raw: RawScores, y: np.ndarray, off_topic: RawScores) -> Calibrator:
    """Fit on out-of-fold scores of in-scope texts with true classes ``y`` (n,), and on off-topic texts."""
    if len(y) < FEW_ROWS:
        return TYPICAL
    start = Calibrator(
        ridge_scale=_spread(raw.ridge),
        logistic_scale=_spread(raw.logistic),
        temperature=1.0,
        nearest_mean=float(raw.nearest.mean()),
        nearest_deviation=_spread(raw.nearest),
        distance_mean=float(raw.distances.mean()),
        distance_deviation=_spread(raw.distances),
        belonging_mean=float(raw.belonging.mean()),
        belonging_deviation=_spread(raw.belonging),
    )
    sums = start._sums(raw.ridge, raw.logistic)
    temperature = _fit_temperature(sums, y)
    calibrator = Calibrator(**{**asdict(start), "temperature": temperature})
    evidence = calibrator._evidence(softmax(temperature * sums, axis=1).max(axis=1), raw)
    correct = (sums.argmax(axis=1) == y).astype(np.float64)
    weights = np.ones(len(y))
    if len(off_topic.nearest):
        strange = calibrator._sums(off_topic.ridge, off_topic.logistic)
        top = softmax(temperature * strange, axis=1).max(axis=1)
        evidence = np.concatenate([evidence, calibrator._evidence(top, off_topic)])
        share = np.full(len(top), OFF_TOPIC_SHARE * len(y) / len(top))
        correct, weights = np.concatenate([correct, np.zeros(len(top))]), np.concatenate([weights, share])
    slope, intercept = _fit_platt(evidence, correct, weights)
    return Calibrator(**{**asdict(calibrator), "slope": slope, "intercept": intercept})


def choose_threshold(in_scope: np.ndarray, built_in: np.ndarray, real: np.ndarray) -> float:
    """Return the confidence under which a text falls back.

    ``in_scope`` are out-of-fold confidences, ``built_in`` those of the built-in off-topic texts, ``real``
    those of texts known to be off-topic, if any. At most MAX_IN_SCOPE_FALLBACK of the in-scope texts may
    fall back.

    - With at least FEW_OFF_TOPIC real ones: of the thresholds that keep to this, the one with the best mean
      of in-scope texts kept and off-topic texts refused.
    - Otherwise the middle, in log-odds, between the threshold that refuses BUILT_IN_REFUSED of the
      built-in texts and the highest that keeps to this.
    - Where the first of the two is the higher one: the second. Up to SMALL_SET texts it may rise towards
      the first as long as the in-scope texts that fall back are not shown (by the Wilson interval) to be
      more than MAX_IN_SCOPE_FALLBACK: the out-of-fold models of a small set know clearly less than the
      final one.
    """
    if len(in_scope) < FEW_ROWS:
        return CAUTIOUS_THRESHOLD
    inside = np.sort(in_scope)
    highest = float(np.quantile(inside, MAX_IN_SCOPE_FALLBACK, method="lower"))
    if len(real) >= FEW_OFF_TOPIC:
        return _best_balance(inside, np.sort(real), highest)
    refusing = float(np.quantile(built_in, BUILT_IN_REFUSED)) if len(built_in) else highest
    if refusing <= highest:
        return float(expit((logit(refusing) + logit(highest)) / 2))
    if len(inside) > SMALL_SET:
        return highest
    tolerated = max(
        k for k in range(len(inside)) if wilson_interval(k, len(inside)).low <= MAX_IN_SCOPE_FALLBACK
    )
    return max(highest, min(refusing, float(inside[tolerated])))


def _best_balance(inside: np.ndarray, outside: np.ndarray, highest: float) -> float:
    candidates = np.unique(np.concatenate([inside, outside, [highest]]))
    candidates = candidates[candidates <= highest]
    kept = 1 - np.searchsorted(inside, candidates) / len(inside)
    refused = np.searchsorted(outside, candidates) / len(outside)
    return float(candidates[np.argmax(kept + refused)])


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % Wilson score interval of a ratio (Wilson 1927)."""

    low: float
    high: float


def wilson_interval(successes: int, n: int, z: float = 1.959964) -> Interval:
    """Return the 95 % Wilson interval of successes / n; (0, 1) when n is 0."""
    if n == 0:
        return Interval(0.0, 1.0)
    ratio = successes / n
    centre = (ratio + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(ratio * (1 - ratio) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Return the top-1 ECE: ECE_BINS equal-width bins, Σ share · |mean confidence − accuracy|, 0..1."""
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / max(1, len(confidence)))


def coverage_risk(confidence: np.ndarray, correct: np.ndarray, points: int = 21) -> list[RiskPoint]:
    """Return the coverage–risk curve at evenly spaced thresholds from 0 to 1."""
    curve = []
    for threshold in np.linspace(0, 1, points):
        answered = confidence >= threshold
        wrong = 1 - correct[answered].mean() if answered.any() else 0.0
        curve.append(RiskPoint(float(threshold), float(answered.mean()), float(wrong)))
    return curve


def _spread(values: np.ndarray) -> float:
    return max(float(values.std()), 1e-3)


def _fit_temperature(sums: np.ndarray, y: np.ndarray) -> float:
    def loss(log_temperature: float) -> float:
        return float(-log_softmax(np.exp(log_temperature) * sums, axis=1)[np.arange(len(y)), y].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def _fit_platt(evidence: np.ndarray, correct: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of a logistic curve: the likeliest ones, given where they typically lie."""
    typical = np.array([TYPICAL.slope, TYPICAL.intercept])

    def loss(parameters: np.ndarray) -> float:
        margins = (parameters[0] * evidence + parameters[1]) * (2 * correct - 1)
        steps = (parameters - typical) / (SLOPE_SCALE, INTERCEPT_DEVIATION)
        slope_prior = (SLOPE_FREEDOM + 1) / 2 * np.log1p(steps[0] ** 2 / SLOPE_FREEDOM)
        return float((weights * np.logaddexp(0, -margins)).sum() + slope_prior + 0.5 * steps[1] ** 2)

    slope, intercept = minimize(loss, typical, method="L-BFGS-B", bounds=[(0.05, 5), (-20, 20)]).x
    return float(slope), float(intercept)
