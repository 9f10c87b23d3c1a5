"""Two plots of a version's out-of-fold figures, as points for an SVG. Pure; the template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 10, 34
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
NICE_TOPS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
SMALLEST, LARGEST = 2.5, 9.0  # radius of a dot, by the square root of how many texts it stands for


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a plot with what it says when pointed at."""

    x: float
    y: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that the template draws, in the units of its view box; ``line`` is an SVG points list."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    line: str
    diagonal: str = ""
    mark: float | None = None
    mark_text: str = ""


def reliability_plot(bins: Sequence[Mapping[str, Any]]) -> Plot | None:
    """Return confidence (x) against the share that was right (y), a dot per bin; None without bins."""
    if not bins:
        return None
    most = max(row["n"] for row in bins)
    dots = tuple(
        Dot(
            _x(row["confidence"]),
            _y(row["accuracy"], 1.0),
            round(SMALLEST + (LARGEST - SMALLEST) * (row["n"] / most) ** 0.5, 1),
            f"Confidence {row['confidence']:.2f}: {100 * row['accuracy']:.0f} % right (n = {row['n']})",
        )
        for row in bins
    )
    corners = f"{_x(0)},{_y(0, 1)} {_x(1)},{_y(1, 1)}"
    return Plot(_x_ticks(), _y_ticks(1.0), dots, " ".join(f"{d.x},{d.y}" for d in dots), diagonal=corners)


def risk_plot(points: Sequence[Mapping[str, Any]], threshold: float | None) -> Plot | None:
    """Return the share answered (x) against the share of those that is wrong (y); None without points.

    The mark is what the version's own threshold answers.
    """
    shown = sorted((row for row in points if row["coverage"] > 0), key=lambda row: row["coverage"])
    if not shown:
        return None
    top = next(t for t in NICE_TOPS if t >= max(row["risk"] for row in shown))
    dots = tuple(
        Dot(
            _x(row["coverage"]),
            _y(row["risk"], top),
            SMALLEST,
            f"Confidence at least {row['threshold']:.2f}: answers {100 * row['coverage']:.0f} %, "
            f"of these wrong {100 * row['risk']:.1f} %",
        )
        for row in shown
    )
    answered = [row for row in shown if threshold is not None and row["threshold"] >= threshold]
    at = max((row["coverage"] for row in answered), default=None)
    return Plot(
        _x_ticks(),
        _y_ticks(top),
        dots,
        " ".join(f"{d.x},{d.y}" for d in dots),
        mark=None if at is None else _x(at),
        mark_text="" if threshold is None else f"threshold {threshold:.2f}",
    )


def _x(value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * value, 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _x_ticks() -> tuple[Tick, ...]:
    return tuple(Tick(_x(value), f"{100 * value:.0f}") for value in TICKS)


def _y_ticks(top: float) -> tuple[Tick, ...]:
    return tuple(Tick(_y(value * top, top), f"{100 * value * top:g}") for value in TICKS)
