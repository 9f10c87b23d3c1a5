"""What a rule set does to many cases: how many reach a person, rightly or not, and the cost. Pure.

Over-escalation: a person although none was needed. Under-escalation: none although one was needed. Errors are
counted among the cases whose truth is known, and each share says of how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.proportions import Share
from escalation.engine import CLARIFY, ESCALATE

ANSWERED, ASKED, ESCALATED = "answered", "asked", "escalated"
# What becomes of a case in which the agent asks first; what the customer would have said is not known.
TO_A_PERSON, SETTLED = "to_a_person", "settled"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a back-test takes for granted: minutes of a person an escalation, and what a question leads to."""

    minutes: float
    questions: str = TO_A_PERSON


@dataclass(slots=True)
class Tally:
    """Cases by outcome and truth."""

    counts: Counter[tuple[str, bool | None]] = field(default_factory=Counter)

    def add(self, outcome: str, needed: bool | None) -> None:
        """Count one case."""
        self.counts[outcome, needed] += 1

    def of(self, outcomes: tuple[str, ...], *truths: bool | None) -> int:
        """Return how many cases had one of these outcomes and one of these truths (none given: any)."""
        wanted = truths or (True, False, None)
        return sum(self.counts[outcome, truth] for outcome in outcomes for truth in wanted)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one rule set; ``confident_wrong`` are answered without a question, and wrongly so."""

    cases: int
    known: int
    needed: int
    escalated: int
    asked: int
    reached: int  # a person: escalated, and those asked where a question is taken to end there
    hits: int
    over: int
    under: int
    confident_wrong: int
    minutes: float

    @property
    def rate(self) -> Share:
        """Of all cases, those that reach a person."""
        return Share(self.reached, self.cases)

    @property
    def precision(self) -> Share:
        """Of those that reach a person, those that needed one."""
        return Share(self.hits, self.hits + self.over)

    @property
    def recall(self) -> Share:
        """Of those that needed a person, those that reach one."""
        return Share(self.hits, self.needed)

    @property
    def over_share(self) -> Share:
        """Of those that needed no person, those that reach one."""
        return Share(self.over, self.known - self.needed)

    @property
    def under_share(self) -> Share:
        """Of those that needed a person, those that reach none."""
        return Share(self.under, self.needed)

    @property
    def confident_wrong_share(self) -> Share:
        """Of the cases whose truth is known, those that are answered although a person was needed."""
        return Share(self.confident_wrong, self.known)

    def as_json(self) -> dict[str, Any]:
        """Return the counts."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Figures:
        """Return figures as ``as_json`` has left them."""
        return cls(**stored)


def outcome_of(action: str) -> str:
    """Return which of the three outcomes an action is."""
    return {ESCALATE: ESCALATED, CLARIFY: ASKED}.get(action, ANSWERED)


def figures_of(tally: Tally, assumed: Assumptions) -> Figures:
    """Return the figures of a tally under the assumptions."""
    asked_reach = assumed.questions == TO_A_PERSON
    person = (ESCALATED, ASKED) if asked_reach else (ESCALATED,)
    alone = (ANSWERED,) if asked_reach else (ANSWERED, ASKED)
    everything = (ANSWERED, ASKED, ESCALATED)
    reached = tally.of(person)
    return Figures(
        cases=tally.of(everything),
        known=tally.of(everything, True, False),
        needed=tally.of(everything, True),
        escalated=tally.of((ESCALATED,)),
        asked=tally.of((ASKED,)),
        reached=reached,
        hits=tally.of(person, True),
        over=tally.of(person, False),
        under=tally.of(alone, True),
        confident_wrong=tally.of((ANSWERED,), True),
        minutes=round(reached * assumed.minutes, 1),
    )
