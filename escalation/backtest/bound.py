"""The threshold that keeps confident errors rare, with a guarantee for so few cases as there are. Pure.

Learn then Test (Angelopoulos, Bates, Candès, Jordan, Lei 2021, arXiv:2110.01052) with fixed-sequence testing:
the thresholds are tested from the strictest on, each by the exact upper bound of a binomial share (Clopper
and Pearson 1934, Biometrika 26:404), until the first that fails. Whatever the distribution of the cases, with
probability 1 − DELTA every threshold that passed keeps the share of confident errors at most at LIMIT in
messages like these. No correction for the number of thresholds is needed, because the order is fixed before
the errors are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import beta

LIMIT = 0.05
DELTA = 0.05
MOST_CASES = 1_000_000


@dataclass(frozen=True, slots=True)
class Level:
    """A threshold with its confident errors among the cases whose truth is known."""

    value: float
    wrong: int
    known: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The mildest threshold that passed (None: none did), with its bound.

    ``needed`` is how many cases the strictest threshold would need, were its share of errors to stay as it
    is; None where that share is above the limit already, so that no number of cases would do.
    """

    value: float | None
    upper: float
    wrong: int
    known: int
    needed: int | None = None


def upper_bound(wrong: int, known: int, delta: float = DELTA) -> float:
    """Return the one-sided exact upper bound of a share at level 1 − delta; 1 where nothing is known."""
    if known == 0 or wrong >= known:
        return 1.0
    return float(beta.ppf(1 - delta, wrong + 1, known - wrong))


def recommend(strictest_first: Sequence[Level], limit: float = LIMIT) -> Recommendation:
    """Return the last of the thresholds that passes before the first that fails."""
    passed: Recommendation | None = None
    for tested in strictest_first:
        upper = upper_bound(tested.wrong, tested.known)
        if upper > limit:
            break
        passed = Recommendation(tested.value, upper, tested.wrong, tested.known)
    if passed is not None:
        return passed
    if not strictest_first:
        return Recommendation(None, 1.0, 0, 0, cases_needed(0.0, limit))
    first = strictest_first[0]
    share = first.wrong / first.known if first.known else 0.0
    upper = upper_bound(first.wrong, first.known)
    return Recommendation(None, upper, first.wrong, first.known, cases_needed(share, limit))


def cases_needed(share: float, limit: float = LIMIT) -> int | None:
    """Return how many cases with exactly this share of errors pass the limit; None where no number does."""
    if share >= limit:
        return None

    def passes(known: int) -> bool:
        wrong = share * known
        return bool(beta.ppf(1 - DELTA, wrong + 1, known - wrong) <= limit)

    low, high = 1, 2
    while not passes(high):
        low, high = high, 2 * high
        if high > MOST_CASES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
