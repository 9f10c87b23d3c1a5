"""The four metrics of a pilot and the corrections it needs, from conversations. Pure.

Each metric carries its formula, what it was computed from and a 95 % interval: none is shown without them.
What was not said is never filled in: a conversation without a rating has no part in CSAT. Decides neither
what counts as resolved (pilot.resolutions) nor whether figures suffice (pilot.meter).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom

from core.proportions import CONFIDENCE, Share
from pilot.inferred import GOOD
from pilot.resolutions import GOOD_CSAT, RESOLVED, Resolution

FORMULAS = {
    "resolution_rate": "(confirmed + assumed + judged) ÷ conversations that have ended (all but pending)",
    "csat": "ratings of 4 and 5 ÷ all ratings (the last of each conversation); never filled in",
    "escalation_rate": "conversations passed to a person ÷ all conversations",
    "time_to_resolution": "median minutes from the first message to the last, of what was sent and resolved",
    "corrections": "conversations that a reviewer corrected × 100 ÷ conversations reviewed",
}
NOTHING = Share(0, 0)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One conversation of the pilot's scope; ``minutes`` from its first message to its last.

    None where nothing was sent. ``asked`` drafts of it were to be reviewed, ``given`` of these have been.
    ``inferred`` is pilot.inferred's score, kept apart from ``csat``.
    """

    resolution: Resolution
    minutes: float | None
    csat: int | None = None  # 1 to 5
    reviewed: bool = False
    corrected: bool = False
    asked: int = 0
    given: int = 0
    inferred: float | None = None
    escalated: bool = False  # the agent passed it to a person, or would have, whatever became of it


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
    judged: int = 0
    corrected: int = 0
    escalated: int = 0
    abandoned: int = 0
    not_sampled: int = 0
    coverage: Share = NOTHING
    inferred_good: Share = NOTHING
    inferred_mean: float | None = None

    @property
    def resolved(self) -> int:
        """Confirmed, assumed and judged resolutions: what the guide's 200 to 300 count."""
        return self.confirmed + self.assumed + self.judged

    @property
    def ended(self) -> int:
        """Conversations of which it is known how they ended."""
        return self.interactions - self.pending

    @property
    def inferred_coverage(self) -> Share:
        """Conversations with an inferred score, of all."""
        return Share(self.inferred_good.whole, self.interactions)

    @property
    def corrections_per_100(self) -> float | None:
        """Corrections per 100 reviewed conversations."""
        return None if self.corrections.ratio is None else 100 * self.corrections.ratio


def _passed_on(one: Interaction) -> bool:
    """Tell whether a person had to take over; an escalation that waits for its review is one already."""
    waits = one.resolution == Resolution.PENDING and one.escalated
    return waits or one.resolution == Resolution.ESCALATED


def metrics_of(conversations: Sequence[Interaction]) -> Metrics:
    """Return the metrics of some conversations, by FORMULAS; those not sampled are only counted."""
    count = Counter(one.resolution for one in conversations)
    told = [one for one in conversations if one.resolution != Resolution.NOT_SAMPLED]
    resolved = [one for one in told if one.resolution in RESOLVED]
    ratings = [one.csat for one in told if one.csat is not None]
    reviewed = [one for one in told if one.reviewed]
    scores = [one.inferred for one in told if one.inferred is not None]
    return Metrics(
        interactions=len(told),
        pending=count[Resolution.PENDING],
        confirmed=count[Resolution.CONFIRMED],
        assumed=count[Resolution.ASSUMED],
        withdrawn=count[Resolution.WITHDRAWN],
        resolution_rate=Share(len(resolved), len(told) - count[Resolution.PENDING]),
        csat=Share(sum(rating >= GOOD_CSAT for rating in ratings), len(ratings)),
        escalation_rate=Share(sum(_passed_on(one) for one in told), len(told)),
        time_to_resolution=median_of([one.minutes for one in resolved if one.minutes is not None]),
        corrections=Share(sum(one.corrected for one in reviewed), len(reviewed)),
        judged=count[Resolution.JUDGED],
        corrected=count[Resolution.CORRECTED],
        escalated=count[Resolution.ESCALATED],
        abandoned=count[Resolution.ABANDONED],
        not_sampled=count[Resolution.NOT_SAMPLED],
        coverage=Share(sum(one.given for one in told), sum(one.asked for one in told)),
        inferred_good=Share(sum(score >= GOOD for score in scores), len(scores)),
        inferred_mean=sum(scores) / len(scores) if scores else None,
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
