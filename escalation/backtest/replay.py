"""Decide cases anew: under the live rules and under changed ones. Pure and deterministic.

Most of a decision's time goes into the customer's words, so a changed rule set is asked in full only where it
can make a difference. A rule decides a turn only where it fires when asked alone (whatever stands before it
in the full set stands before it there too), so where the live decision is not by a changed rule, and no
changed rule fires alone, the live decision holds. ``tests/escalation/test_replay.py`` holds that to the plain
way. Decides nothing about what the figures mean (escalation.backtest.figures).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from escalation.backtest.cases import Case
from escalation.backtest.figures import Tally, outcome_of
from escalation.contracts import Decision, RuleSet, TurnFacts
from escalation.engine import decide


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule set makes of a case: the action, its reason, and the rule behind it (None: no rule)."""

    action: str
    reason: str
    rule_id: int | None

    @classmethod
    def of(cls, decision: Decision) -> Ruling:
        """Return the ruling of a decision."""
        rule = decision.escalation
        return cls(decision.action, decision.reason, rule.rule_id if rule else None)


@dataclass(frozen=True, slots=True)
class Pair:
    """One case under the live rules and under the changed ones."""

    case: Case
    before: Ruling
    after: Ruling

    @property
    def is_flipped(self) -> bool:
        """Whether the customer would have met something else."""
        return self.before.action != self.after.action


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed rule set, and the changed rules by themselves."""

    rules: RuleSet
    changed: frozenset[int]
    alone: RuleSet

    @classmethod
    def of(cls, live: RuleSet, candidate: RuleSet) -> Variant:
        """Return the variant that ``candidate`` is of ``live``."""
        before, after = ({rule.id: rule for rule in rules.rules} for rules in (live, candidate))
        changed = frozenset(i for i in before.keys() | after.keys() if before.get(i) != after.get(i))
        alone = tuple(rule for rule in candidate.rules if rule.id in changed)
        return cls(candidate, changed, RuleSet(candidate.version, alone))

    def fires(self, facts: TurnFacts) -> bool:
        """Whether a changed rule would decide, were it alone."""
        return bool(self.alone.rules) and Ruling.of(decide(facts, self.alone)).rule_id in self.changed

    def ruling(self, facts: TurnFacts, before: Ruling) -> Ruling:
        """Return what the changed rule set makes of the facts, given what the live one does."""
        if before.rule_id in self.changed or self.fires(facts):
            return Ruling.of(decide(facts, self.rules))
        return before


def rulings(cases: Iterable[Case], rules: RuleSet) -> Iterator[Ruling]:
    """Yield what a rule set makes of each case, in the order given."""
    return (Ruling.of(decide(case.facts, rules)) for case in cases)


def replay(
    cases: Sequence[Case], live: RuleSet, candidate: RuleSet, known: Iterable[Ruling] | None = None
) -> Iterator[Pair]:
    """Yield each case under both rule sets, in the order given; ``known``: the live rulings, if at hand."""
    variant = Variant.of(live, candidate)
    for case, before in zip(cases, rulings(cases, live) if known is None else known, strict=True):
        yield Pair(case, before, variant.ruling(case.facts, before))


@dataclass(frozen=True, slots=True)
class Point:
    """What one value of a number does: the tally of all cases, and how many flip against the live rules."""

    value: float
    tally: Tally
    flips: int


def sweep(
    cases: Sequence[Case],
    live: RuleSet,
    candidates: Sequence[tuple[float, RuleSet]],
    known: Iterable[Ruling] | None = None,
) -> tuple[Point, ...]:
    """Return a point per candidate, which are the same rules but for one number that grows along them.

    A rule that fires on one side of its number does not on the other, so along the values a case changes at
    most once, and the place is found by halving. A point is exactly what ``replay`` gives for its value.
    """
    variants = [Variant.of(live, candidate) for _, candidate in candidates]
    changes = _Changes(len(variants))
    for case, before in zip(cases, rulings(cases, live) if known is None else known, strict=True):
        for first, last, ruling in _stretches(case.facts, before, variants):
            kind = outcome_of(ruling.action), case.truth.needed, ruling.action != before.action
            changes.add(first, last, kind)
    values = [value for value, _ in candidates]
    return tuple(Point(value, *found) for value, found in zip(values, changes.sums(), strict=True))


class _Changes:
    """Counts along the values, kept as where they rise and fall: a stretch costs two additions."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._steps: dict[tuple[str, bool | None, bool], list[int]] = {}

    def add(self, first: int, last: int, kind: tuple[str, bool | None, bool]) -> None:
        """Count one case from ``first`` up to before ``last``."""
        steps = self._steps.setdefault(kind, [0] * (self._length + 1))
        steps[first] += 1
        steps[last] -= 1

    def sums(self) -> Iterator[tuple[Tally, int]]:
        """Yield the tally and the number of flips at each value."""
        now = dict.fromkeys(self._steps, 0)
        for at in range(self._length):
            tally, flips = Tally(), 0
            for kind, steps in self._steps.items():
                now[kind] += steps[at]
                outcome, needed, is_flip = kind
                tally.counts[outcome, needed] += now[kind]
                flips += is_flip * now[kind]
            yield tally, flips


def _stretches(
    facts: TurnFacts, before: Ruling, variants: Sequence[Variant]
) -> Iterator[tuple[int, int, Ruling]]:
    """Yield (first, behind the last, ruling) of the one or two stretches that a case falls into."""
    end = len(variants)
    first = variants[0].ruling(facts, before)
    last = variants[-1].ruling(facts, before)
    if first == last:
        yield 0, end, first
        return
    low, high = 0, end - 1  # first holds at low, last at high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if variants[middle].ruling(facts, before) == first else (low, middle)
    yield 0, high, first
    yield high, end, last
