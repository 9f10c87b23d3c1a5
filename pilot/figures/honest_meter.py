"""The honest meter in words: what the count of resolved conversations allows to say, how many are missing.

Green is said only of what is conclusive and may expand; under 300 it never is. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.proportions import Share
from pilot.gate import Verdict
from pilot.meter import CONCLUSIVE_FROM, PROVISIONAL_FROM, Evidence, more_needed, sequential_interval
from pilot.metrics import Metrics

GREY, AMBER, PLAIN, GREEN = "grey", "amber", "plain", "green"


@dataclass(frozen=True, slots=True)
class HonestMeter:
    """What the band at the top says: a colour, a headline, and the sentences under it."""

    resolved: int
    evidence: Evidence
    colour: str
    headline: str
    detail: str
    against: str

    @property
    def percent(self) -> float:
        """How far the bar goes; CONCLUSIVE_FROM is three quarters of it."""
        return round(min(100.0, 75 * self.resolved / CONCLUSIVE_FROM), 1)


def honest_meter(whole: Metrics, verdict: Verdict, targets: Mapping[str, Any]) -> HonestMeter:
    """Return what may be said of a pilot's figures."""
    resolved, evidence = whole.resolved, verdict.evidence
    if evidence == Evidence.NOT_ENOUGH:
        colour = GREY
        headline = (
            f"Not enough yet: about {PROVISIONAL_FROM - resolved:,} more resolved interactions before you "
            "can know"
        )
        detail = (
            f"{resolved:,} resolved. Under {PROVISIONAL_FROM} nothing may be concluded, whatever the figures "
            f"look like; {CONCLUSIVE_FROM - resolved:,} more make them conclusive."
        )
    elif evidence == Evidence.PROVISIONAL:
        colour = AMBER
        headline = f"Provisional: {CONCLUSIVE_FROM - resolved:,} more resolved interactions to be conclusive"
        detail = f"{resolved:,} resolved. A direction may be seen, but nothing may be decided by it yet."
    else:
        colour = GREEN if verdict.may_expand else PLAIN
        headline = f"Conclusive: {resolved:,} resolved interactions"
        detail = (
            "Every condition below holds: a person may sign the next stage."
            if verdict.may_expand
            else "There are enough to judge by. What does not hold yet stands below."
        )
    return HonestMeter(resolved, evidence, colour, headline, detail, _against(whole.resolution_rate, targets))


def _against(rate: Share, targets: Mapping[str, Any]) -> str:
    """Say how many more conversations tell the resolution rate from its target."""
    target = targets.get("resolution_rate")
    if not isinstance(target, int | float):
        return "No target for the resolution rate was set, so it is compared with nothing."
    wanted = f"the target of {100 * target:.4g} %"
    if not rate.whole:
        return f"No conversation has ended yet, so nothing is told from {wanted}."
    more = more_needed(rate.part, rate.whole, against=float(target))
    now = sequential_interval(rate.part, rate.whole)
    interval = f"{100 * now.low:.0f}–{100 * now.high:.0f} %"
    if more is None:
        return (
            f"The resolution rate is so near {wanted} that no number of conversations would tell them apart."
        )
    if more:
        return (
            f"At the present rate about {more:,} more ended conversations tell the resolution rate from "
            f"{wanted}; by now it may be anything in {interval}."
        )
    side = "above" if rate.part / rate.whole > target else "below"
    return f"The resolution rate is {side} {wanted} by more than chance: 95 % interval {interval}."
