"""What the pages of figures show of weeks and conversations, as lines with links; and the same as CSV.

Counts nothing: pilot.figures and pilot.metrics do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.timezone import localtime

from core.proportions import Share
from core.spreadsheet import csv_text
from pilot.admin.charts import Chart, Point, line_chart
from pilot.figures.cards import level_of, median_text, minutes_text
from pilot.figures.frozen import compared, metrics_json
from pilot.metrics import Metrics
from pilot.models import Pilot, WeeklyReview
from pilot.resolutions import Resolution
from pilot.weeks import Told, Week

STATES = (
    (Resolution.CONFIRMED, "Confirmed"),
    (Resolution.ASSUMED, "Assumed"),
    (Resolution.JUDGED, "Judged correct"),
    (Resolution.WITHDRAWN, "Withdrawn"),
    (Resolution.CORRECTED, "Corrected"),
    (Resolution.ESCALATED, "Escalated"),
    (Resolution.ABANDONED, "Abandoned"),
    (Resolution.PENDING, "Pending"),
    (Resolution.NOT_SAMPLED, "Not sampled"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A count with the page of the conversations behind it; no link where there are none."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A metric of one week: its value, and under it the interval and n."""

    value: str
    under: str


@dataclass(frozen=True, slots=True)
class WeekLine:
    """One week of the table; ``tone`` colours its review: good, warn, bad or none."""

    week: Week
    cells: tuple[Cell, ...]
    rates: tuple[Rate, ...]
    review: WeeklyReview | None
    review_url: str
    tone: str
    has_moved: bool


def cells_of(metrics: Metrics, pilot: Pilot, monday: date | None = None) -> tuple[Cell, ...]:
    """Return all conversations that were sampled, then each state's, with links to them."""
    query: dict[str, str] = {"week": monday.isoformat()} if monday else {}
    cells = [Cell("All", metrics.interactions, conversations_url(pilot, **query, state="sampled"))]
    for state, label in STATES:
        count = getattr(metrics, state.value)
        cells.append(Cell(label, count, conversations_url(pilot, **query, state=state.value)))
    return tuple(cell if cell.count else Cell(cell.label, 0, "") for cell in cells)


def conversations_url(pilot: Pilot, **query: str) -> str:
    """Return where the conversations behind a number are listed."""
    address = reverse("admin:pilot_resolutions", args=(pilot.pk,))
    return f"{address}?{urlencode(query)}" if query else address


def week_lines(weeks: Iterable[Week], reviews: Mapping[date, WeeklyReview], pilot: Pilot) -> list[WeekLine]:
    """Return the table's lines, newest first."""
    return [_line(week, reviews.get(week.monday), pilot) for week in reversed(list(weeks))]


def rates_of(metrics: Metrics) -> tuple[Rate, ...]:
    """Return the metrics of a week, each with its interval and n."""
    time = metrics.time_to_resolution
    spread = ""
    if time.low is not None and time.high is not None:
        spread = f"{minutes_text(time.low)} to {minutes_text(time.high)}, "
    return (
        _rate(metrics.resolution_rate),
        _rate(metrics.csat),
        _rate(metrics.escalation_rate),
        Rate(
            "–" if time.value is None else minutes_text(time.value),
            f"{spread}n\u00a0=\u00a0{time.n:,}" if time.n else "",
        ),
        _rate(metrics.corrections, unit=""),
        Rate(*_coverage(metrics.coverage)),
    )


def charts_of(weeks: Sequence[Week], pilot: Pilot) -> list[tuple[str, Chart]]:
    """Return the charts that have anything to show, with what each shows."""

    def shares(name: str) -> list[Point]:
        return [_point(week, getattr(week.metrics, name)) for week in weeks]

    drawn = []
    for name, label in (
        ("resolution_rate", "Resolution rate"),
        ("csat", "CSAT: ratings of 4 and 5"),
        ("escalation_rate", "Escalation rate"),
        ("corrections", "Corrections per 100 reviewed"),
    ):
        levels = _levels(pilot, name, factor=100)
        unit = "" if name == "corrections" else " %"
        drawn.append((label, line_chart(label, shares(name), unit=unit, most=100, levels=levels)))
    times = [_time(week) for week in weeks]
    label = "Time to resolution, median minutes"
    drawn.append((label, line_chart(label, times, unit="", levels=_levels(pilot, "time_to_resolution"))))
    return [(label, chart) for label, chart in drawn if chart is not None]


def weeks_csv(weeks: Iterable[Week], reviews: Mapping[date, WeeklyReview]) -> str:
    """Return the weekly table as CSV."""
    shares = ("resolution_rate", "csat", "escalation_rate", "corrections")
    header = [
        *("week_from", "is_partial", "interactions", *(state.value for state, _ in STATES)),
        *(f"{name}{part}" for name in shares for part in ("", "_n", "_low", "_high")),
        *("minutes_median", "minutes_n", "minutes_low", "minutes_high", "drafts_asked", "drafts_reviewed"),
        *("inferred_mean", "inferred_n", "review", "signed_by", "signed_at"),
    ]
    rows = []
    for week in weeks:
        metrics, review = week.metrics, reviews.get(week.monday)
        time = metrics.time_to_resolution
        rows.append(
            [
                *(week.monday.isoformat(), int(week.is_partial), metrics.interactions),
                *(getattr(metrics, state.value) for state, _ in STATES),
                *(part for name in shares for part in _share_cells(getattr(metrics, name))),
                *(time.value, time.n, time.low, time.high, metrics.coverage.whole, metrics.coverage.part),
                *(metrics.inferred_mean, metrics.inferred_good.whole, review.standing if review else ""),
                *((review.signed_by, _moment(review.signed_at)) if review else ("", "")),
            ]
        )
    return csv_text(header, rows)


def conversations_csv(rows: Iterable[Told]) -> str:
    """Return conversations with what they count as; no words of customers."""
    header = (
        *("conversation", "week_from", "began_at", "last_at", "mode", "intent", "state", "minutes", "csat"),
        *("reviewed", "corrected", "inferred_score", "inferred_because"),
    )
    return csv_text(
        header,
        (
            (
                *(str(one.conversation_id), one.week.isoformat(), _moment(one.began_at)),
                *(_moment(one.last_at), one.mode, one.intent, one.what.resolution.value),
                *(one.what.minutes, one.what.csat, int(one.what.reviewed), int(one.what.corrected)),
                *(one.what.inferred, str(one.inferred or "")),
            )
            for one in rows
        ),
    )


def _line(week: Week, review: WeeklyReview | None, pilot: Pilot) -> WeekLine:
    tone, url, moved = "", "", False
    if review is not None:
        tone = "bad" if review.is_missed else "good" if review.signed_at else "warn"
        url = reverse("admin:pilot_weeklyreview_change", args=(review.pk,))
        now = metrics_json(week.metrics, live=False)
        moved = any(line.has_moved for line in compared(review.figures, now))
    return WeekLine(
        week, cells_of(week.metrics, pilot, week.monday), rates_of(week.metrics), review, url, tone, moved
    )


def _rate(share: Share, unit: str = " %") -> Rate:
    if not share.whole:
        return Rate("–", "")
    value, low, high = (f"{100 * part:.0f}" for part in (share.part / share.whole, share.low, share.high))
    return Rate(f"{value}{unit}", f"{low}–{high}{unit}, n\u00a0=\u00a0{share.whole:,}")


def _coverage(share: Share) -> tuple[str, str]:
    if not share.whole:
        return "–", ""
    return f"{100 * share.part / share.whole:.0f} %", f"{share.part:,} of {share.whole:,}"


def _share_cells(share: Share) -> tuple[object, ...]:
    if not share.whole:
        return ("", 0, "", "")
    return (share.ratio, share.whole, share.low, share.high)


def _point(week: Week, share: Share) -> Point:
    known = bool(share.whole)
    return Point(
        week.monday,
        100 * share.part / share.whole if known else None,
        100 * share.low,
        100 * share.high,
        f"Week of {week.monday:%d %B %Y}: {share.with_interval()}",
        week.is_partial,
    )


def _time(week: Week) -> Point:
    time = week.metrics.time_to_resolution
    value = time.value
    low, high = (time.low, time.high) if time.low is not None and time.high is not None else (value, value)
    title = f"Week of {week.monday:%d %B %Y}: {median_text(time)}"
    return Point(week.monday, value, low or 0.0, high or 0.0, title, week.is_partial)


def _levels(pilot: Pilot, name: str, factor: float = 1) -> list[tuple[str, float | None]]:
    found = [("before AI", level_of(pilot.baseline, name)), ("target", level_of(pilot.targets, name))]
    return [(kind, None if level is None else factor * level) for kind, level in found]


def _moment(moment: Any) -> str:
    return localtime(moment).isoformat(timespec="seconds") if moment else ""


def minutes_said(minutes: float | None) -> str:
    """Return minutes in words; a dash where nothing was sent."""
    return "–" if minutes is None else minutes_text(minutes)
