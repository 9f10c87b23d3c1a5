"""A line of weekly rates with its interval and the rate before AI, as points for an SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.proportions import Share
from runtime.measures.contracts import EscalationRate, WeekRate

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 30
TOPS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
TICKS = 5
LABELS = 8  # week labels that fit on a phone


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One week: where, what it says when pointed at, and whether the week still runs."""

    x: float
    y: float
    title: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A level with its interval, across the whole plot."""

    y: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class RateChart:
    """Everything that the template draws, in the units of its view box.

    ``lines`` and ``bands`` are SVG points lists, one for each run of weeks without a gap.
    """

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    before: Band | None


def rate_chart(rate: EscalationRate) -> RateChart | None:
    """Return the chart; None where no week has a conversation. Weeks without one are gaps."""
    weeks = rate.weeks
    known = [index for index, week in enumerate(weeks) if week.share.whole]
    if not known:
        return None
    baseline = rate.baseline.share if rate.baseline and rate.baseline.share.whole else None
    top = _top([weeks[index].share for index in known], baseline)
    runs = _runs(known)
    return RateChart(
        x_ticks=_week_ticks(weeks),
        y_ticks=tuple(
            Tick(_y(top * n / TICKS, top), f"{100 * top * n / TICKS:g} %") for n in range(TICKS + 1)
        ),
        dots=tuple(
            Dot(
                _x(index, len(weeks)),
                _y(weeks[index].share.ratio or 0.0, top),
                f"Week of {weeks[index].monday:%d %B %Y}: {weeks[index].share.with_interval()}",
                weeks[index].is_running,
            )
            for index in known
        ),
        lines=tuple(
            _points([(i, weeks[i].share.ratio or 0.0) for i in run], len(weeks), top) for run in runs
        ),
        bands=tuple(_band(run, weeks, top) for run in runs),
        before=_before(baseline, top) if baseline else None,
    )


def bar_heights(counts: Sequence[int]) -> list[int]:
    """Return heights in percent of the largest, for small bars."""
    most = max(counts, default=0) or 1
    return [round(100 * count / most) for count in counts]


def _top(shares: Sequence[Share], baseline: Share | None) -> float:
    """Return the axis' end: room for the rates and the baseline; wide intervals of few may be cut."""
    highest = max([share.ratio or 0.0 for share in shares] + [baseline.high if baseline else 0.0])
    return next((top for top in TOPS if top >= 1.15 * highest), 1.0)


def _runs(known: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for index in known:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _band(run: Sequence[int], weeks: Sequence[WeekRate], top: float) -> str:
    """Return the outline of the interval; a lonely week gets a narrow one."""
    if len(run) == 1:
        share, x = weeks[run[0]].share, _x(run[0], len(weeks))
        low, high = _y(share.low, top), _y(share.high, top)
        return f"{x - 4:.1f},{low} {x - 4:.1f},{high} {x + 4:.1f},{high} {x + 4:.1f},{low}"
    upper = _points([(index, weeks[index].share.high) for index in run], len(weeks), top)
    lower = _points([(index, weeks[index].share.low) for index in reversed(run)], len(weeks), top)
    return f"{upper} {lower}"


def _before(baseline: Share, top: float) -> Band:
    upper, lower = _y(baseline.high, top), _y(baseline.low, top)
    return Band(_y(baseline.ratio or 0.0, top), upper, round(max(lower - upper, 0.5), 1))


def _points(values: Sequence[tuple[int, float]], weeks: int, top: float) -> str:
    return " ".join(f"{_x(index, weeks)},{_y(value, top)}" for index, value in values)


def _week_ticks(weeks: Sequence[WeekRate]) -> tuple[Tick, ...]:
    step = max(1, -(-len(weeks) // LABELS))
    shown = range(len(weeks) - 1, -1, -step)
    return tuple(
        Tick(_x(i, len(weeks)), f"{weeks[i].monday.day} {weeks[i].monday:%b}") for i in sorted(shown)
    )


def _x(index: int, weeks: int) -> float:
    width = WIDTH - LEFT - RIGHT
    return round(LEFT + width * (index + 0.5) / weeks, 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value / top, 1.0), 1)
