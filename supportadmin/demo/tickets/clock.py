"""When tickets arrive and people answer: office hours in Dublin, quiet weekends, month ends, outages.

Decides nothing about what a ticket is about.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

OFFICE = ZoneInfo("Europe/Dublin")
OPENS, CLOSES = 8, 18
WINDOW_DAYS = 90
OUTAGE_DAYS_AGO = (24, 61)
OUTAGE_HOURS = range(9, 13)
OF_WEEKDAY = (1.25, 1.1, 1.0, 1.0, 0.85, 0.16, 0.12)
# From midnight to 23:00 in Dublin; the evening is the office day of customers in America.
OF_HOUR = (1, 1, 1, 1, 1, 2, 6, 16, 34, 42, 40, 36, 28, 30, 38, 36, 32, 24, 14, 11, 9, 7, 4, 2)


def arrivals(random: Random, now: datetime, count: int) -> list[datetime]:
    """Return ``count`` times of the 90 days before ``now``, in order, in UTC."""
    start = now.astimezone(UTC) - timedelta(days=WINDOW_DAYS)
    hours = [start + timedelta(hours=number) for number in range(WINDOW_DAYS * 24 - 2)]
    weights = [_weight(hour, now) for hour in hours]
    found = random.choices(hours, weights, k=count)
    return sorted(hour + timedelta(seconds=random.randint(1, 3599)) for hour in found)


def is_outage(at: datetime, now: datetime) -> bool:
    """Whether Larkstow itself was in trouble at this time."""
    local = at.astimezone(OFFICE)
    return local.date() in _outage_days(now.date()) and local.hour in OUTAGE_HOURS


def is_month_end(at: datetime) -> bool:
    """Whether accountants are closing a month."""
    return at.day >= 28 or at.day <= 3


def after_office_seconds(at: datetime, seconds: float) -> datetime:
    """Return the time when ``seconds`` of office hours have passed since ``at``, in UTC."""
    local = at.astimezone(OFFICE)
    while True:
        opens, closes = _office_day(local.date())
        local = max(local, opens)
        left = (closes - local).total_seconds()
        if local.weekday() < 5 and left > 0:
            if seconds <= left:
                return (local.astimezone(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
            seconds -= left
        local = _office_day(local.date() + timedelta(days=1))[0]


def _weight(hour: datetime, now: datetime) -> float:
    local = hour.astimezone(OFFICE)
    weight = OF_WEEKDAY[local.weekday()] * OF_HOUR[local.hour]
    weight *= 1 + 0.15 * (WINDOW_DAYS - (now - hour).days) / WINDOW_DAYS  # the company grows
    if is_outage(hour, now):
        weight *= 2.4
    if now - hour < timedelta(days=2):
        weight *= 0.5  # part of these are still open and so not among the closed
    return weight


@lru_cache
def _outage_days(today: date) -> frozenset[date]:
    return frozenset(_working_day(today - timedelta(days=days)) for days in OUTAGE_DAYS_AGO)


def _working_day(day: date) -> date:
    return day + timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])


@lru_cache(maxsize=1000)
def _office_day(day: date) -> tuple[datetime, datetime]:
    opens = datetime.combine(day, time(OPENS), tzinfo=OFFICE)
    return opens, opens.replace(hour=CLOSES)
