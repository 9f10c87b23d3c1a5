"""Whether a pilot may expand: enough resolved interactions, and three trends in the right direction. Pure.

"Resolution rate is trending upward week-over-week, CSAT scores are stable or improving, and the volume of
corrections needed is decreasing. All three should move in the right direction before you expand" (the guide,
step 5), over at least three weeks. That the first and the third move at all must be more than chance
(pilot.meter), since somebody looks every day. A person decides; this only says whether the button works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.proportions import Share
from pilot.meter import ALPHA, Evidence, evidence_of, trend_evidence
from pilot.metrics import Metrics

MIN_WEEKS = 3
MOST_SAID = 1_000_000.0  # times, beyond which a page need not count


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: its name, whether it holds, and why in a sentence."""

    name: str
    holds: bool
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the figures allow; ``conditions`` in the order in which a page shows them."""

    evidence: Evidence
    conditions: tuple[Condition, ...]

    @property
    def may_expand(self) -> bool:
        """Whether every condition holds."""
        return all(condition.holds for condition in self.conditions)


def verdict_of(weeks: Sequence[Metrics], whole: Metrics) -> Verdict:
    """Return what the weeks of a pilot, first to last, and the whole of it allow."""
    evidence = evidence_of(whole.resolved)
    return Verdict(
        evidence,
        (
            Condition(
                "interactions",
                evidence == Evidence.CONCLUSIVE,
                f"{whole.resolved} resolved interactions; from 300 on they are conclusive.",
            ),
            Condition(
                "weeks", len(weeks) >= MIN_WEEKS, f"{len(weeks)} full weeks; at least {MIN_WEEKS} are needed."
            ),
            Condition(
                "resolution_rate",
                _moves([week.resolution_rate for week in weeks], up=True),
                _told("The resolution rate", [week.resolution_rate for week in weeks]),
            ),
            Condition(
                "csat",
                _is_stable([week.csat for week in weeks]),
                _told("CSAT", [week.csat for week in weeks]),
            ),
            Condition(
                "corrections",
                _moves([week.corrections for week in weeks], up=False),
                _told("The share of corrected conversations", [week.corrections for week in weeks]),
            ),
            _more_than_chance(weeks),
        ),
    )


def _moves(shares: Sequence[Share], *, up: bool) -> bool:
    """Tell whether each of the last weeks moved on from the one before it, in the last MIN_WEEKS weeks."""
    last = [share.ratio for share in shares[-MIN_WEEKS:]]
    known = [ratio for ratio in last if ratio is not None]
    if len(known) < MIN_WEEKS:
        return False
    steps = [after - before for before, after in pairwise(known)]
    return all(step > 0 if up else step < 0 for step in steps)


def _is_stable(shares: Sequence[Share]) -> bool:
    """Tell whether the last week is no worse than the first by more than its interval allows."""
    known = [share for share in shares if share.whole]
    if len(known) < 2 or known[0].ratio is None:
        return False
    return known[-1].high >= known[0].ratio


def _more_than_chance(weeks: Sequence[Metrics]) -> Condition:
    rates = [(week.resolution_rate.part, week.resolution_rate.whole) for week in weeks]
    corrected = [(week.corrections.part, week.corrections.whole) for week in weeks]
    found = trend_evidence(rates, rising=True) * trend_evidence(corrected, rising=False)
    times = f"once in {max(1, int(min(found, MOST_SAID))):,}{' or more' if found > MOST_SAID else ''}"
    alike = f"look like this at most {times} times" if found >= 2 else "often look like this"
    return Condition(
        "more_than_chance",
        found >= 1 / ALPHA,
        f"A pilot in which nothing changes would {alike}; once in {round(1 / ALPHA)} is asked for.",
    )


def _told(what: str, shares: Sequence[Share]) -> str:
    if not shares:
        return f"{what} is not known yet."
    return f"{what} by week: " + ", ".join(str(share) for share in shares) + "."
