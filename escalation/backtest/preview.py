"""What the dial shows before anything is kept: figures of the newest cases, computed once for every value.

Kept in the process by what it depends on (cases, rules, number), so that moving the slider costs a look-up.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar, cast

from escalation.backtest.bound import Recommendation
from escalation.backtest.candidate import NUMBER, Change, rows_changed, rows_digest
from escalation.backtest.cases import Collected
from escalation.backtest.dial import Dial, recommendation
from escalation.backtest.figures import Figures, figures_of
from escalation.backtest.ports import cases_source
from escalation.backtest.replay import Pair, Point, Ruling, rulings, sweep
from escalation.backtest.replaying import Settings, replayed
from escalation.backtest.rules import Trial, dial_of, proposed_row, trial_of
from escalation.selectors import rule_set_of

PREVIEW_CASES = 3_000
SHOWN_FLIPS = 10


T = TypeVar("T")


class _Kept:
    """The newest few results, by what they depend on; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under the key, made first where nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return cast(T, self._found[key])
        made = make()
        with self._lock:
            self._found[key] = made
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return made


_cases, _rulings, _curves = _Kept(2), _Kept(2), _Kept(8)


@dataclass(frozen=True, slots=True)
class Preview:
    """A change on the newest cases: both figures, the first flips, and how many there are."""

    before: Figures
    after: Figures
    flips: tuple[Pair, ...]
    flip_count: int


@dataclass(frozen=True, slots=True)
class DialReading:
    """A dial with a point for each value, and the value that the bound recommends."""

    dial: Dial
    points: tuple[Point, ...]
    found: Recommendation | None
    more_is_stricter: bool


def preview_cases(settings: Settings) -> Collected:
    """Return the newest cases, read once for as long as they stay the same."""
    source = cases_source()
    key = (source.state(settings.days), settings.days, settings.kinds)
    return _cases.get(
        key,
        lambda: source.collect(days=settings.days, kinds=settings.kinds, limit=PREVIEW_CASES),
    )


def preview(change: Change, settings: Settings) -> Preview:
    """Return what a change does to the newest cases."""
    trial, collected = trial_of(change), preview_cases(settings)
    key = (collected.state, settings, rows_digest(trial.live_rows), rows_digest(trial.rows))
    known = _live_rulings(collected, settings, trial)
    result = _curves.get(key, lambda: replayed(collected.cases, trial, settings.assumed, known=known))
    telling = sorted(result.flips, key=lambda pair: pair.case.truth.needed is None)  # known truth first
    return Preview(result.before, result.after, tuple(telling[:SHOWN_FLIPS]), len(result.flips))


def dial_reading(rule_id: int, name: str, settings: Settings) -> DialReading:
    """Return the dial's points on the newest cases."""
    dial, collected = dial_of(rule_id, name), preview_cases(settings)
    trial = trial_of(Change(NUMBER, rule_id, name=name, value=dial.setting(dial.current)))
    key = (
        collected.state,
        settings.kinds,
        rows_digest(trial.live_rows),
        rows_digest(trial.rows),
        name,
    )

    def points() -> tuple[Point, ...]:
        row = proposed_row(rule_id)
        tried = []
        for value in dial.values():
            change = Change(NUMBER, rule_id, name=name, value=dial.setting(value))
            rows = rows_changed(trial.live_rows, change, row)
            tried.append((value, rule_set_of(trial.live_number, rows)))
        return sweep(collected.cases, trial.live, tried, _live_rulings(collected, settings, trial))

    made = _curves.get(key, points)
    found = recommendation(made)
    return DialReading(dial, made, found[0] if found else None, found[1] if found else True)


def _live_rulings(collected: Collected, settings: Settings, trial: Trial) -> tuple[Ruling, ...]:
    """Return what the live rules make of the cases: the slow part, the same for every change."""
    key = (collected.state, settings.kinds, rows_digest(trial.live_rows))
    return _rulings.get(key, lambda: tuple(rulings(collected.cases, trial.live)))


def figures_at(reading: DialReading, value: float, settings: Settings) -> tuple[Figures, int]:
    """Return the figures at a value of the dial, and how many cases flip there."""
    point = min(reading.points, key=lambda one: abs(one.value - value))
    return figures_of(point.tally, settings.assumed), point.flips
