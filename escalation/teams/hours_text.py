"""Opening hours as people write and read them: “09:00–12:30, 13:30–17:00”, “opens Monday 09:00”. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from escalation.teams.hours import (
    DAYS,
    MIDNIGHT,
    Schedule,
    Span,
    closes_at,
    is_open,
    next_opening,
    spans_fault,
)

MAX_EXCEPTIONS = 100
CLOSED = "closed"
SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?:[:.](\d{2}))?")
LINE = re.compile(r"(\d{4}-\d{2}-\d{2})\s+(.+)")
WEEK_DAYS = 7


class BadHours(ValueError):
    """The text cannot be meant; the message says what to write."""


def spans_read(text: str) -> tuple[Span, ...]:
    """Read the spans of one day, parted by commas; nothing, or “closed”, is a day off. Raises BadHours."""
    said = text.strip().lower()
    if said in ("", CLOSED, "-", "–"):
        return ()
    spans = tuple(sorted(_span(part.strip()) for part in said.split(",") if part.strip()))
    if fault := spans_fault(spans):
        raise BadHours(fault)
    return spans


def spans_write(spans: Sequence[Span]) -> str:
    """Write the spans of one day as ``spans_read`` reads them."""
    return ", ".join(map(str, spans))


def exceptions_read(text: str) -> dict[date, tuple[tuple[Span, ...], str]]:
    """Read a date a line, with its hours or “closed”, and after a # what day it is. Raises BadHours."""
    found: dict[date, tuple[tuple[Span, ...], str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        said, _, label = (part.strip() for part in line.partition("#"))
        match = LINE.fullmatch(said)
        if match is None:
            raise BadHours(f"“{line[:60]}”: write a date and the hours, as 2026-12-24 09:00–12:00 or closed.")
        try:
            day = date.fromisoformat(match[1])
        except ValueError as error:
            raise BadHours(f"“{match[1]}” is no date of the calendar.") from error
        if day in found:
            raise BadHours(f"{day} is there twice; write all its hours in one line, parted by commas.")
        found[day] = (spans_read(match[2]), label[:60])
    if len(found) > MAX_EXCEPTIONS:
        raise BadHours(f"Keep at most {MAX_EXCEPTIONS} dates; those that are over can go.")
    return found


def exceptions_write(exceptions: Mapping[date, tuple[Sequence[Span], str]]) -> str:
    """Write exceptions as ``exceptions_read`` reads them, by date."""
    return "\n".join(
        f"{day} {spans_write(spans) or CLOSED}{f'  # {label}' if label else ''}"
        for day, (spans, label) in sorted(exceptions.items())
    )


def city(time_zone: str) -> str:
    """Return how people call a time zone: Europe/Berlin is Berlin."""
    return time_zone.rpartition("/")[2].replace("_", " ")


def status_line(schedule: Schedule, at: datetime) -> str:
    """Say whether the team is there now, and when that changes."""
    where = city(schedule.time_zone)
    if is_open(schedule, at):
        end = closes_at(schedule, at)
        return f"Open now, until {_day_and_time(end, at)} ({where})" if end else "Open now, around the clock"
    opening = next_opening(schedule, at)
    if opening is None:
        return "Never open: write its hours"
    return f"Closed, opens {_day_and_time(opening, at)} ({where})"


def _day_and_time(moment: datetime, at: datetime) -> str:
    days = (moment.date() - at.astimezone(moment.tzinfo).date()).days
    if days == 0:
        return f"{moment:%H:%M}"
    if days < WEEK_DAYS:
        return f"{DAYS[moment.weekday()]} {moment:%H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"


def _span(part: str) -> Span:
    match = SPAN.fullmatch(part)
    if match is None:
        raise BadHours(f"“{part[:40]}”: write hours as 09:00–12:30, 13:30–17:00, or leave the day empty.")
    opens = _minute(match[1], match[2])
    closes = _minute(match[3], match[4])
    return Span(opens, MIDNIGHT if closes == 0 else closes)


def _minute(hour: str, minute: str | None) -> int:
    hours, minutes = int(hour), int(minute or 0)
    if minutes > 59 or hours * 60 + minutes > MIDNIGHT:
        raise BadHours(f"{hour}:{minute or '00'} is no time of the day.")
    return hours * 60 + minutes
