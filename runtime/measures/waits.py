"""How long customers waited for a person: percentiles by week and hour. Pure; takes (requested, accepted)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from runtime.measures.contracts import WaitLine

FEWEST = 5


def wait_line(label: str, seconds: Iterable[float]) -> WaitLine:
    """Return n, p50, p80 and p95 (nearest rank: a wait that somebody had) of waits in seconds."""
    waits = sorted(seconds)
    if len(waits) < FEWEST:
        return WaitLine(label, len(waits), None, None, None)
    p50, p80, p95 = (waits[math.ceil(share * len(waits)) - 1] for share in (0.5, 0.8, 0.95))
    return WaitLine(label, len(waits), p50, p80, p95)


def by_week(
    waits: Sequence[tuple[datetime, datetime]], mondays: Sequence[date], zone: tzinfo
) -> tuple[WaitLine, ...]:
    """Return a line a week, by when the person was asked for."""
    found: dict[date, list[float]] = defaultdict(list)
    for requested, accepted in waits:
        day = requested.astimezone(zone).date()
        found[day - timedelta(days=day.weekday())].append((accepted - requested).total_seconds())
    return tuple(wait_line(monday.isoformat(), found[monday]) for monday in mondays)


def by_hour(waits: Sequence[tuple[datetime, datetime]], zone: tzinfo) -> tuple[WaitLine, ...]:
    """Return a line for each hour of the day in which somebody was asked for."""
    found: dict[int, list[float]] = defaultdict(list)
    for requested, accepted in waits:
        found[requested.astimezone(zone).hour].append((accepted - requested).total_seconds())
    return tuple(wait_line(f"{hour:02}:00", found[hour]) for hour in sorted(found))


def in_words(seconds: float | None) -> str:
    """Return a wait as people say it: 45 s, 12 min, 3.5 h."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3_600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"
