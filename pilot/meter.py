"""The honest meter: what a pilot's counts allow one to say, however often somebody looks. Pure.

Intervals are confidence sequences: with 95 % probability they hold the true rate at *every* look, so peeking
daily does not fool. For one rate: the Beta(1, 1)-mixture likelihood ratio (H. Robbins, "Statistical methods
related to the law of the iterated logarithm", Ann. Math. Stat. 41, 1970; Howard et al., Ann. Stat. 49, 2021).
For a trend: universal inference (Wasserman, Ramdas, Balakrishnan, PNAS 117, 2020), a mixture over rising
trends against the best constant rate. Both are bounded by Ville's inequality.

Decides not whether a pilot may expand (pilot.gate).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, expit, logsumexp, xlog1py, xlogy

ALPHA = 0.05
PROVISIONAL_FROM, CONCLUSIVE_FROM = 200, 300  # resolved interactions (the guide, step 5)
MOST_MORE = 100_000  # interactions further than which "how many more" is not looked for
MOST_LOG_EVIDENCE = 700.0
# What the trend test bets on: rises of 1 to 12 points a week at a rate of a half, from any first rate.
SLOPES = np.array([0.05, 0.1, 0.2, 0.35, 0.5])  # logits a week
INTERCEPTS = np.linspace(-5, 5, 201)  # logits
_PRIOR = np.exp(-(INTERCEPTS**2) / (2 * 1.5**2))
LOG_WEIGHTS = np.log(np.repeat((_PRIOR / _PRIOR.sum())[:, None], len(SLOPES), axis=1) / len(SLOPES))


class Evidence(StrEnum):
    """How much a number of resolved interactions is worth."""

    NOT_ENOUGH = "not_enough"
    PROVISIONAL = "provisional"
    CONCLUSIVE = "conclusive"


@dataclass(frozen=True, slots=True)
class Sequential:
    """A rate with its always-valid interval."""

    part: int
    whole: int
    low: float
    high: float


def evidence_of(resolved: int) -> Evidence:
    """Return what ``resolved`` interactions allow: nothing under 200, a verdict from 300 on."""
    if resolved < PROVISIONAL_FROM:
        return Evidence.NOT_ENOUGH
    return Evidence.PROVISIONAL if resolved < CONCLUSIVE_FROM else Evidence.CONCLUSIVE


def sequential_interval(part: int, whole: int, *, alpha: float = ALPHA) -> Sequential:
    """Return the always-valid interval of ``part`` of ``whole``; 0 to 1 where nothing is known."""
    if whole == 0:
        return Sequential(0, 0, 0.0, 1.0)
    mixture = float(betaln(part + 1, whole - part + 1))
    limit = math.log(1 / alpha)

    def excess(rate: float) -> float:
        return mixture - float(xlogy(part, rate) + xlog1py(whole - part, -rate)) - limit

    best = part / whole
    edge = 1e-12
    low = 0.0 if part == 0 else float(brentq(excess, edge, best)) if excess(edge) > 0 else 0.0
    high = 1.0 if part == whole else float(brentq(excess, best, 1 - edge)) if excess(1 - edge) > 0 else 1.0
    return Sequential(part, whole, low, high)


def more_needed(part: int, whole: int, *, against: float, alpha: float = ALPHA) -> int | None:
    """Return about how many more interactions at this rate tell it from ``against``; 0: already told.

    None where the rate is so near that even MOST_MORE would not.
    """
    if whole == 0:
        return None
    rate = part / whole

    def is_told(more: int) -> bool:
        now = sequential_interval(round(rate * (whole + more)), whole + more, alpha=alpha)
        return not now.low <= against <= now.high

    if is_told(0):
        return 0
    if not is_told(MOST_MORE):
        return None
    few, many = 0, MOST_MORE
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_told(middle) else (middle, many)
    return many


def trend_evidence(weeks: Sequence[tuple[int, int]], *, rising: bool) -> float:
    """Return the e-value of a trend in the weekly rates, given as (part, whole) from first to last.

    Under any constant rate it exceeds x with probability 1/x at most, however often it is looked at; e-values
    of independent data may be multiplied. 1 where there is nothing to compare.
    """
    counts = [(part, whole) for part, whole in weeks if whole]
    if len(counts) < 2:
        return 1.0
    parts, wholes = np.array(counts, dtype=float).T
    at = np.arange(len(counts)) * (1 if rising else -1)
    rates = expit(INTERCEPTS.reshape(-1, 1, 1) + SLOPES.reshape(1, -1, 1) * at)
    bets = (xlogy(parts, rates) + xlog1py(wholes - parts, -rates)).sum(axis=2)
    mixed = float(logsumexp(bets + LOG_WEIGHTS))
    pooled = parts.sum() / wholes.sum()
    constant = float((xlogy(parts, pooled) + xlog1py(wholes - parts, -pooled)).sum())
    return math.exp(min(mixed - constant, MOST_LOG_EVIDENCE))
