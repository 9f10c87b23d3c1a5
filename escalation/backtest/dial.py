"""The numbers that rules decide by, as dials: from where to where, in which steps. Pure.

Any setting whose schema is a plain number is one, so a new trigger's numbers turn up by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.backtest.bound import Level, Recommendation, recommend
from escalation.backtest.figures import Assumptions, figures_of
from escalation.backtest.replay import Point
from escalation.triggers import TRIGGERS

STEPS = 1_000
SPAN = 4  # a number without an upper end is tried up to so many times its value
LEAST_TOP = 10.0


@dataclass(frozen=True, slots=True)
class Dial:
    """One number of one rule; ``current`` is its value in the rule's newest version."""

    rule_id: int
    rule_name: str
    name: str
    low: float
    high: float
    step: float
    current: float
    is_whole: bool

    @property
    def label(self) -> str:
        """The number's name as words."""
        return self.name.replace("_", " ")

    def values(self) -> tuple[float, ...]:
        """Return the values that are tried, growing; the current one is among them."""
        count = round((self.high - self.low) / self.step)
        grid = {self.at(self.low + number * self.step) for number in range(count + 1)}
        return tuple(sorted(grid | {self.at(self.current)}))

    def setting(self, value: float) -> float | int:
        """Return the value as the rule's parameters keep it."""
        return int(self.at(value)) if self.is_whole else self.at(value)

    def at(self, value: float) -> float:
        """Return the value as the rule would hold it, within the dial's ends."""
        within = min(max(value, self.low), max(self.high, self.current))
        return float(round(within)) if self.is_whole else round(within, 4)


def dials_of(rule_id: int, name: str, trigger: str, parameters: Mapping[str, Any]) -> tuple[Dial, ...]:
    """Return the dials of a rule, in the order of its settings."""
    known = TRIGGERS[trigger]
    found = []
    for setting, schema in known.properties.items():
        if schema.get("type") not in ("number", "integer"):
            continue
        current = float(parameters.get(setting, known.defaults.get(setting)) or 0)
        low = float(schema.get("minimum", 0))
        high = min(float(schema.get("maximum", "inf")), max(SPAN * current, LEAST_TOP))
        is_whole = schema["type"] == "integer"
        step = _step(high - low, is_whole)
        found.append(Dial(rule_id, name, setting, low, high, step, current, is_whole))
    return tuple(found)


def recommendation(points: Sequence[Point]) -> tuple[Recommendation, bool] | None:
    """Return the recommended value and whether more is stricter; None where the number changes nothing.

    Stricter is the side on which fewer cases are answered without a question; a property of the rule.
    """
    if not points:
        return None
    plain = Assumptions(0)
    answered = [p.tally.of(("answered",)) for p in (points[0], points[-1])]
    if answered[0] == answered[1]:
        return None
    more_is_stricter = answered[1] < answered[0]
    ordered = list(reversed(points)) if more_is_stricter else list(points)
    tested = []
    for point in ordered:
        figures = figures_of(point.tally, plain)
        tested.append(Level(point.value, figures.confident_wrong, figures.known))
    return recommend(tested), more_is_stricter


def _step(span: float, is_whole: bool) -> float:
    step = span / STEPS
    return float(max(1, round(step))) if is_whole else max(round(step, 4), 0.0001)
