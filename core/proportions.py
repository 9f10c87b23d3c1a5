"""Shares with the interval that their size allows: 3 of 4 is not the 75 % that 300 of 400 is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from scipy.stats import binomtest

CONFIDENCE = 0.95


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


@lru_cache(maxsize=4_096)
def _interval(part: int, whole: int) -> tuple[float, float]:
    if whole == 0:
        return 0.0, 1.0
    found = binomtest(part, whole).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
