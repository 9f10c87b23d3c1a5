"""Time windows as people type them: “Mon-Fri 09:00-17:00”, one a line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NUMBER = {day.lower(): number for number, day in enumerate(DAYS, 1)}
EVERY_DAY = frozenset({"daily", "every day"})
LINE = re.compile(r"^(?P<days>[a-z ,-]+?)\s+(?P<start>\d{1,2}:\d\d)\s*-\s*(?P<end>\d{1,2}:\d\d)$")


class BadWindow(ValueError):
    """The line cannot be read; the message says what one looks like."""


def window_read(line: str) -> dict[str, Any]:
    """Return the window of one line, or raise BadWindow."""
    match = LINE.match(" ".join(line.lower().replace("–", "-").split()))
    if match is None:
        raise BadWindow(f"“{line[:60]}” is not of the form: Mon-Fri 09:00-17:00")
    if not (_is_time(match["start"], "23:59") and _is_time(match["end"], "24:00")):
        raise BadWindow(f"“{line[:60]}”: the hours of a day run from 00:00 to 24:00.")
    days = match["days"].strip()
    return {
        "days": list(range(1, 8)) if days in EVERY_DAY else _days_read(days, line),
        "from": match["start"].zfill(5),
        "until": match["end"].zfill(5),
    }


def window_text(window: Mapping[str, Any]) -> str:
    """Return the line of one window; ``window_read`` reads it back."""
    return f"{_days_text(window['days'])} {window['from']}-{window['until']}"


def _is_time(written: str, latest: str) -> bool:
    return written.zfill(5) <= latest and written[-2:] < "60"


def _days_read(written: str, line: str) -> list[int]:
    days: set[int] = set()
    for part in written.split(","):
        first, _, last = (name.strip()[:3] for name in part.partition("-"))
        if first not in NUMBER or (last and last not in NUMBER):
            raise BadWindow(f"“{line[:60]}”: write days as Mon, Tue, Wed, Thu, Fri, Sat or Sun.")
        start, end = NUMBER[first], NUMBER[last or first]
        days.update(range(start, end + 1) if start <= end else [*range(start, 8), *range(1, end + 1)])
    return sorted(days)


def _days_text(days: Sequence[int]) -> str:
    """Return weekdays with their runs drawn together: Mon-Fri,Sun."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    ends = [(DAYS[run[0] - 1], DAYS[run[-1] - 1]) for run in runs]
    return ",".join(first if first == last else f"{first}-{last}" for first, last in ends)
