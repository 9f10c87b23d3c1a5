"""What a pilot promises to reach, metric by metric: name, unit, direction, range. Pure.

Kept as numbers in ``Pilot.targets``: shares as ratios (0 to 1), time in minutes. Said in percent and minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import InvalidInput

MOST_MINUTES = 60 * 24 * 365


@dataclass(frozen=True, slots=True)
class Target:
    """One metric that a target is set for; ``at_least``: more is better. ``unit`` is % or minutes."""

    name: str
    label: str
    unit: str
    at_least: bool

    @property
    def most(self) -> float:
        """The largest number that can be meant, as people type it."""
        return 100 if self.unit == "%" else MOST_MINUTES

    @property
    def factor(self) -> float:
        """What a typed number is divided by to be kept."""
        return 100 if self.unit == "%" else 1

    def said(self, kept: float) -> str:
        """Return a kept number as people read it, with its unit."""
        return f"{kept * self.factor:.4g} {self.unit}"

    def demand(self, kept: float) -> str:
        """Return what is asked for, in words."""
        return f"at {'least' if self.at_least else 'most'} {self.said(kept)}"


TARGETS = (
    Target("resolution_rate", "Resolution rate", "%", at_least=True),
    Target("csat", "CSAT: ratings of 4 and 5", "%", at_least=True),
    Target("escalation_rate", "Escalation rate", "%", at_least=False),
    Target("time_to_resolution", "Time to resolution, median", "minutes", at_least=False),
)


def targets_check(targets: Mapping[str, float]) -> dict[str, float]:
    """Return the targets as they are kept; raise InvalidInput on what is none or out of range."""
    known = {target.name: target for target in TARGETS}
    kept = {}
    for name, value in targets.items():
        target = known.get(name)
        if target is None:
            raise InvalidInput(f"There is no metric “{name}”.", code="unknown_metric")
        typed = value * target.factor
        if not 0 <= typed <= target.most:
            raise InvalidInput(
                f"{target.label} is a number from 0 to {target.most:,.0f} {target.unit}.", code="bad_target"
            )
        kept[name] = float(value)
    return kept


def targets_missing(targets: Mapping[str, float]) -> list[str]:
    """Return the labels of the metrics that have no target yet."""
    return [target.label for target in TARGETS if target.name not in targets]
