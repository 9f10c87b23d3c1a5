"""A line of weekly values with intervals, and levels to compare with, as points for an SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 420, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 26
TICKS = 4
LABELS = 6  # week labels that fit on a phone
NICE = (1, 2, 4, 5, 8, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """One week's value with its interval; ``value`` None where nothing is known, which leaves a gap."""

    monday: date
    value: float | None
    low: float
    high: float
    title: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis, a level or a dot: where, and what it says."""

    x: float
    y: float
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws, in the units of its view box."""

    label: str
    x_ticks: tuple[Mark, ...]
    y_ticks: tuple[Mark, ...]
    levels: tuple[Mark, ...]
    dots: tuple[Mark, ...]
    lines: tuple[str, ...]
    bands: tuple[str, ...]


def line_chart(
    label: str,
    points: Sequence[Point],
    *,
    unit: str,
    most: float | None = None,
    levels: Sequence[tuple[str, float | None]] = (),
) -> Chart | None:
    """Return the chart; None where no week has a value. ``levels`` are (kind, value): baseline and target."""
    known = [index for index, point in enumerate(points) if point.value is not None]
    if not known:
        return None
    shown = [(kind, value) for kind, value in levels if value is not None]
    highest = max([points[i].value or 0.0 for i in known] + [value for _, value in shown])
    top = _top(1.15 * highest, most)
    n = len(points)
    return Chart(
        label=label,
        x_ticks=_week_ticks(points),
        y_ticks=tuple(
            Mark(0, _y(top * tick / TICKS, top), f"{top * tick / TICKS:.3g}{unit}")
            for tick in range(TICKS + 1)
        ),
        levels=tuple(Mark(0, _y(value, top), kind, kind) for kind, value in shown),
        dots=tuple(
            Mark(
                *(_x(i, n), _y(points[i].value or 0.0, top), points[i].title),
                kind="running" if points[i].is_running else "",
            )
            for i in known
        ),
        lines=tuple(
            " ".join(f"{_x(i, n)},{_y(points[i].value or 0.0, top)}" for i in run) for run in _runs(known)
        ),
        bands=tuple(_band(run, points, top) for run in _runs(known)),
    )


def _top(least: float, most: float | None) -> float:
    """Return a round end of the axis that leaves room; ``most`` is where values cannot go beyond."""
    size = 1.0
    while size * NICE[-1] < least:
        size *= 10
    while size > 1e-6 and size * NICE[0] >= least:
        size /= 10
    top = next((size * nice for nice in NICE if size * nice >= least), size * NICE[-1])
    return min(top, most) if most is not None else top


def _runs(known: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for index in known:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _band(run: Sequence[int], points: Sequence[Point], top: float) -> str:
    """Return the outline of the interval; a lonely week gets a narrow one."""
    n = len(points)
    if len(run) == 1:
        x, low, high = _x(run[0], n), _y(points[run[0]].low, top), _y(points[run[0]].high, top)
        return f"{x - 4:.1f},{low} {x - 4:.1f},{high} {x + 4:.1f},{high} {x + 4:.1f},{low}"
    upper = [f"{_x(i, n)},{_y(points[i].high, top)}" for i in run]
    lower = [f"{_x(i, n)},{_y(points[i].low, top)}" for i in reversed(run)]
    return " ".join((*upper, *lower))


def _week_ticks(points: Sequence[Point]) -> tuple[Mark, ...]:
    step = max(1, -(-len(points) // LABELS))
    shown = sorted(range(len(points) - 1, -1, -step))
    return tuple(Mark(_x(i, len(points)), 0, f"{points[i].monday.day} {points[i].monday:%b}") for i in shown)


def _x(index: int, n: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / n, 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value / top, 1.0), 1)
