"""Over- and under-escalation from people's verdicts, weighted back to all turns. Pure; draws no sample.

A stratum's judged turns stand for all of its turns, so each weighs population / judged. A stratum of which
nothing is judged yet is not in the rate, and how many turns that leaves out is said. Where two people judged,
the first verdict counts: the second only measures agreement. Those who cannot tell say nothing for a rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.proportions import WeightedShare, weighted_share
from runtime.verdicts.workflow import CANNOT_TELL, ENOUGH, OVER, UNDER


@dataclass(frozen=True, slots=True)
class Stratum:
    """Turns of one drawing that went the same way, and how many there were of them."""

    stratum_id: int
    name: str
    escalated: bool
    population: int


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """A turn of the sample with its first verdict and the Monday of its week."""

    stratum_id: int
    answer: str
    week: date


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with the verdicts behind it; ``share`` None where nobody has judged.

    ``not_covered`` turns are of strata without a verdict that says something.
    """

    label: str
    share: WeightedShare | None
    cannot_tell: int
    population: int
    not_covered: int

    @property
    def n(self) -> int:
        """How many verdicts say something."""
        return self.share.n if self.share else 0

    @property
    def is_enough(self) -> bool:
        """Whether there are verdicts enough to say a rate."""
        return self.n >= ENOUGH


def rate(
    strata: Sequence[Stratum], judged: Sequence[JudgedTurn], *, escalated: bool, label: str = ""
) -> Rate:
    """Return the rate of over-escalation (``escalated``) or under-escalation among these turns."""
    return _rate(strata, judged, escalated=escalated, label=label, keep=lambda turn: True)


def rates_by_week(
    strata: Sequence[Stratum], judged: Sequence[JudgedTurn], *, escalated: bool
) -> dict[date, Rate]:
    """Return the rate of each week that has a verdict. Weights are of the whole drawing, not of the week."""
    kinds = {stratum.stratum_id for stratum in strata if stratum.escalated == escalated}
    weeks = sorted({turn.week for turn in judged if turn.stratum_id in kinds})
    return {
        week: _rate(
            strata,
            judged,
            escalated=escalated,
            label=week.isoformat(),
            keep=lambda turn, week=week: turn.week == week,  # type: ignore[misc]
        )
        for week in weeks
    }


def rates_by_name(strata: Sequence[Stratum], judged: Sequence[JudgedTurn], *, escalated: bool) -> list[Rate]:
    """Return the rate of each trigger (of escalated turns) or decision, the largest first."""
    names = Counter[str]()
    for stratum in strata:
        if stratum.escalated == escalated:
            names[stratum.name] += stratum.population
    found = []
    for name, _ in sorted(names.items(), key=lambda pair: (-pair[1], pair[0])):
        own = [stratum for stratum in strata if stratum.name == name and stratum.escalated == escalated]
        found.append(rate(own, judged, escalated=escalated, label=name))
    return found


def _rate(
    strata: Sequence[Stratum],
    judged: Iterable[JudgedTurn],
    *,
    escalated: bool,
    label: str,
    keep: Callable[[JudgedTurn], bool],
) -> Rate:
    known = {stratum.stratum_id: stratum for stratum in strata if stratum.escalated == escalated}
    own = [turn for turn in judged if turn.stratum_id in known]
    telling = [turn for turn in own if turn.answer != CANNOT_TELL]
    per_stratum = Counter(turn.stratum_id for turn in telling)
    fault = OVER if escalated else UNDER
    rows = [
        (turn.answer == fault, known[turn.stratum_id].population / per_stratum[turn.stratum_id])
        for turn in telling
        if keep(turn)
    ]
    return Rate(
        label=label,
        share=weighted_share(rows),
        cannot_tell=sum(turn.answer == CANNOT_TELL for turn in own if keep(turn)),
        population=sum(stratum.population for stratum in known.values()),
        not_covered=sum(s.population for s in known.values() if not per_stratum[s.stratum_id]),
    )
