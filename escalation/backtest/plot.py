"""The dial's curves as points for an SVG: over- and under-escalation and escalation rate by value. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.proportions import Share
from escalation.backtest.dial import Dial
from escalation.backtest.figures import Assumptions, Figures, figures_of
from escalation.backtest.replay import Point

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 14, 40
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
CURVES: tuple[tuple[str, str, Callable[[Figures], Share]], ...] = (
    ("rate", "reach a person", lambda figures: figures.rate),
    ("over", "over-escalation", lambda figures: figures.over_share),
    ("under", "under-escalation", lambda figures: figures.under_share),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its CSS class, its name, and an SVG points list."""

    kind: str
    label: str
    points: str


@dataclass(frozen=True, slots=True)
class DialPlot:
    """Everything that the template draws, in the units of its view box."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    current: float
    proposed: float
    recommended: float | None


def dial_plot(
    dial: Dial, points: Sequence[Point], assumed: Assumptions, *, proposed: float, recommended: float | None
) -> DialPlot | None:
    """Return the plot; None without points. A curve without any known truth is left out."""
    if not points:
        return None
    ends = points[0].value, points[-1].value
    every = [(point.value, figures_of(point.tally, assumed)) for point in points]
    curves = []
    for kind, label, share_of in CURVES:
        shares = [(value, share_of(figures).ratio) for value, figures in every]
        places = [(x_of(value, ends), _y(ratio)) for value, ratio in shares if ratio is not None]
        line = " ".join(f"{x},{y}" for x, y in _corners(places))
        if line:
            curves.append(Curve(kind, label, line))
    return DialPlot(
        x_ticks=tuple(
            Tick(x_of(v, ends), f"{v:g}")
            for v in (round(ends[0] + part * (ends[1] - ends[0]), 4) for part in PARTS)
        ),
        y_ticks=tuple(Tick(_y(part), f"{100 * part:.0f}") for part in PARTS),
        curves=tuple(curves),
        current=x_of(dial.current, ends),
        proposed=x_of(proposed, ends),
        recommended=None if recommended is None else x_of(recommended, ends),
    )


def _corners(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out what lies level between two others."""
    return [
        place
        for at, place in enumerate(places)
        if at in (0, len(places) - 1) or not places[at - 1][1] == place[1] == places[at + 1][1]
    ]


def x_of(value: float, ends: tuple[float, float]) -> float:
    """Return where a value stands along the plot."""
    low, high = ends
    part = (value - low) / (high - low) if high > low else 0.5
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(max(part, 0.0), 1.0), 1)


def _y(ratio: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ratio, 1)
