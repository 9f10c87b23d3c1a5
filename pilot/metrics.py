"""The four metrics of a pilot and the corrections it needs, from conversations. Pure.

Each metric carries its formula, what it was computed from and a 95 % interval: none is shown without them.
What was not said is never filled in: a conversation without a rating has no part in CSAT. Decides neither
what counts as resolved (pilot.resolutions) nor whether figures suffice (pilot.meter).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom

from core.proportions import CONFIDENCE, Share
from pilot.resolutions import GOOD_CSAT, RESOLVED, Resolution

FORMULAS = {
    "resolution_rate": "confirmed + assumed resolutions ÷ conversations that have ended (all but pending)",
    "csat": "ratings of 4 and 5 ÷ all ratings; conversations without a rating do not count",
    "escalation_rate": "conversations passed to a person ÷ all conversations",
    "time_to_resolution": "median minutes from the first message to the last, of resolved conversations",
    "corrections": "conversations that a reviewer corrected × 100 ÷ conversations reviewed",
}


@dataclass(frozen=True, slots=True)
class Interaction:
    """One conversation of the pilot's scope; ``minutes`` from its first message to its last."""

    resolution: Resolution
    minutes: float
    csat: int | None = None  # 1 to 5
    reviewed: bool = False
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Median:
    """A median with the 95 % interval of its order statistics; None where there are too few to bound it."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a week, or a whole pilot, measured."""

    interactions: int
    pending: int
    confirmed: int
    assumed: int
    withdrawn: int
    resolution_rate: Share
    csat: Share
    escalation_rate: Share
    time_to_resolution: Median
    corrections: Share

    @property
    def resolved(self) -> int:
        """Confirmed and assumed resolutions: what the guide's 200 to 300 count."""
        return self.confirmed + self.assumed

    @property
    def corrections_per_100(self) -> float | None:
        """Corrections per 100 reviewed conversations."""
        return None if self.corrections.ratio is None else 100 * self.corrections.ratio


def metrics_of(interactions: Sequence[Interaction]) -> Metrics:
    """Return the metrics of some conversations, by FORMULAS."""
    count = {state: sum(one.resolution == state for one in interactions) for state in Resolution}
    resolved = [one for one in interactions if one.resolution in RESOLVED]
    ratings = [one.csat for one in interactions if one.csat is not None]
    reviewed = [one for one in interactions if one.reviewed]
    return Metrics(
        interactions=len(interactions),
        pending=count[Resolution.PENDING],
        confirmed=count[Resolution.CONFIRMED],
        assumed=count[Resolution.ASSUMED],
        withdrawn=count[Resolution.WITHDRAWN],
        resolution_rate=Share(len(resolved), len(interactions) - count[Resolution.PENDING]),
        csat=Share(sum(rating >= GOOD_CSAT for rating in ratings), len(ratings)),
        escalation_rate=Share(count[Resolution.ESCALATED], len(interactions)),
        time_to_resolution=median_of([one.minutes for one in resolved]),
        corrections=Share(sum(one.corrected for one in reviewed), len(reviewed)),
    )


def median_of(values: Sequence[float]) -> Median:
    """Return the median with its distribution-free interval (order statistics of the binomial)."""
    n = len(values)
    if n == 0:
        return Median(None, None, None, 0)
    ordered = sorted(values)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    # The most values that may be cut off at each end: P(Binomial(n, 1/2) < cut) ≤ 2.5 %.
    cut = int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    if cut == 0:
        return Median(middle, None, None, n)
    return Median(middle, ordered[cut - 1], ordered[n - cut], n)
