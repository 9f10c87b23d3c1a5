"""Shares with the interval that their size allows: 3 of 4 is not the 75 % that 300 of 400 is. Pure.

Wilson's interval for one share (Wilson 1927); for the difference of two independent ones Newcombe's hybrid
score interval (Newcombe 1998, Statistics in Medicine 17, method 10), made of both Wilson intervals; for a
weighted share Wilson's with Kish's effective size (Kish 1965).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scipy.stats import binomtest

CONFIDENCE = 0.95
_Z = 1.959963984540054  # the normal quantile of CONFIDENCE, two-sided


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole``; ratios are None where there is nothing to divide by."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """The share itself, 0 to 1."""
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float:
        """Lower end of the 95 % Wilson interval; 0 where nothing is known."""
        return _interval(self.part, self.whole)[0]

    @property
    def high(self) -> float:
        """Upper end of the 95 % Wilson interval; 1 where nothing is known."""
        return _interval(self.part, self.whole)[1]

    def __str__(self) -> str:
        if not self.whole:
            return "not known"
        return f"{100 * self.part / self.whole:.0f} % ({self.part:,} of {self.whole:,})"

    def with_interval(self) -> str:
        """Return the share with its interval, for few rows."""
        return (
            f"{self}, 95 % interval {100 * self.low:.0f}–{100 * self.high:.0f} %" if self.whole else str(self)
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one share is from another: ``value`` = first − second, −1 to 1, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_more_than_chance(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class WeightedShare:
    """A share of a population, estimated from ``n`` sampled rows that each stand for several."""

    ratio: float
    n: int
    effective_n: float
    low: float
    high: float


def difference(first: Share, second: Share) -> Difference | None:
    """Return first − second with Newcombe's interval; None where one of them is not known."""
    one, other = first.ratio, second.ratio
    if one is None or other is None:
        return None
    value = one - other
    low = value - math.hypot(one - first.low, second.high - other)
    high = value + math.hypot(first.high - one, other - second.low)
    return Difference(value, max(low, -1.0), min(high, 1.0))


def weighted_share(rows: Iterable[tuple[bool, float]]) -> WeightedShare | None:
    """Return the share of (is it one?, how many it stands for); None without rows.

    The effective size is (Σw)² / Σw²: rows of unlike weight say less than as many of the same weight.
    """
    listed = list(rows)
    total = math.fsum(weight for _, weight in listed)
    if not listed or total <= 0:
        return None
    ratio = math.fsum(weight for is_one, weight in listed if is_one) / total
    effective = total**2 / math.fsum(weight**2 for _, weight in listed)
    low, high = wilson(ratio, effective)
    return WeightedShare(ratio, len(listed), effective, low, high)


def wilson(ratio: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of ``n``, which need not be a whole number."""
    if n <= 0:
        return 0.0, 1.0
    centre = (ratio + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(ratio * (1 - ratio) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


@lru_cache(maxsize=4_096)
def _interval(part: int, whole: int) -> tuple[float, float]:
    if whole == 0:
        return 0.0, 1.0
    found = binomtest(part, whole).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
