"""When a team is there: weekly hours on its own clock, with exceptions by date. Pure.

A span lies within one day and is half open: 09:00–17:00 is open at 09:00 and closed at 17:00; it may end at
midnight (minute 1440). Where the clocks change, the wall clock counts: an hour that comes twice is open
twice, one that is left out is not waited for. Who is routed where: escalation.teams.routing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

MIDNIGHT = 24 * 60
HORIZON_DAYS = 400  # further ahead no opening is looked for: a year and its exceptions
MAX_SPANS_PER_DAY = 6
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From one minute of a day (0 to 1439) up to another (at most 1440), which is not in it."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{clock(self.opens)}–{clock(self.closes)}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hours by weekday (0 is Monday); a date in ``exceptions`` has its own spans, or none: closed."""

    time_zone: str
    weekly: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def spans_of(self, day: date) -> tuple[Span, ...]:
        """Return the spans of one day."""
        return self.exceptions.get(day, self.weekly.get(day.weekday(), ()))


def clock(minute: int) -> str:
    """Write a minute of the day as 09:30; midnight at its end is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def spans_fault(spans: Sequence[Span]) -> str:
    """Return what is wrong with the spans of one day, or an empty text."""
    if len(spans) > MAX_SPANS_PER_DAY:
        return f"A day holds at most {MAX_SPANS_PER_DAY} spans."
    for span in spans:
        if not (0 <= span.opens < MIDNIGHT and 0 < span.closes <= MIDNIGHT):
            return f"{span} is not within one day; after midnight the next day goes on."
        if span.closes <= span.opens:
            return f"{span} ends before it begins; hours past midnight belong to the next day, from 00:00."
    for before, after in pairwise(sorted(spans)):
        if after.opens < before.closes:
            return f"{before} and {after} overlap."
    return ""


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Return the names of the IANA time zones that this machine knows."""
    return frozenset(name for name in available_timezones() if not name.startswith(("posix", "right")))


def is_open(schedule: Schedule, at: datetime) -> bool:
    """Whether the team is there at a moment (aware)."""
    local = at.astimezone(ZoneInfo(schedule.time_zone))
    minute = local.hour * 60 + local.minute
    return any(span.opens <= minute < span.closes for span in schedule.spans_of(local.date()))


def next_opening(schedule: Schedule, at: datetime) -> datetime | None:
    """Return the first moment from ``at`` on at which it is there, in its zone; None: none in sight."""
    zone, at = ZoneInfo(schedule.time_zone), at.astimezone(UTC)  # moments that come twice compare in UTC only
    if is_open(schedule, at):
        return at.astimezone(zone)
    if not any(schedule.weekly.values()) and not any(schedule.exceptions.values()):
        return None
    today = at.astimezone(zone).date()
    for ahead in range(HORIZON_DAYS):
        later = (moment for moment in _candidates(schedule, zone, today + timedelta(ahead)) if moment > at)
        found = min((moment for moment in later if is_open(schedule, moment)), default=None)
        if found is not None:
            return found.astimezone(zone)
    return None


def closes_at(schedule: Schedule, at: datetime) -> datetime | None:
    """Return when the span that is open at ``at`` ends, in the team's zone; spans that touch are one."""
    zone = ZoneInfo(schedule.time_zone)
    local = at.astimezone(zone)
    day, minute = local.date(), local.hour * 60 + local.minute
    for _ in range(8):  # a team that never closes has no end
        span = next((s for s in schedule.spans_of(day) if s.opens <= minute < s.closes), None)
        if span is None:
            return _moment(day, minute, zone)
        day, minute = (day, span.closes) if span.closes < MIDNIGHT else (day + timedelta(1), 0)
    return None


def _candidates(schedule: Schedule, zone: ZoneInfo, day: date) -> Iterator[datetime]:
    """Yield each moment (UTC) of a day at which the team may begin to be there."""
    for span in schedule.spans_of(day):
        yield from {_moment(day, span.opens, zone, fold).astimezone(UTC) for fold in (0, 1)}
    change = _clock_change(day, zone)
    if change is not None:
        yield change


def _moment(day: date, minute: int, zone: ZoneInfo, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone, fold=fold)


def _clock_change(day: date, zone: ZoneInfo) -> datetime | None:
    """Return the moment (UTC) of the day at which the clocks are changed, to the second, or None."""
    low = _moment(day, 0, zone).astimezone(UTC)
    high = _moment(day + timedelta(1), 0, zone).astimezone(UTC)
    offset = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == offset:
        return None
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle in (low, high):
            break
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return high
