"""What a language has to say so that it can be checked and filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass


def words(*alternatives: str) -> re.Pattern[str]:
    """Compile alternatives that begin at a word; apostrophes are straight by then."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wording:
    """One language.

    ``minutes`` are the words that may follow the number; beyond 90 minutes they become ``hours``, where
    ``{n}`` is the number. ``today``, ``within_a_week`` and ``later`` say when a team opens: ``{day}``,
    ``{date}`` and ``{time}`` are filled in, ``{city}`` is whose clock it is.
    """

    reassurance: re.Pattern[str]
    takeover: re.Pattern[str]
    wait: re.Pattern[str]
    minutes: str  # a pattern
    hours: str
    today: str
    within_a_week: str
    later: str
    days: tuple[str, ...]  # from Monday
    months: tuple[str, ...]
    date: str  # from {day} and {month}
    asks_for_email: str
    email_noted: str  # {email} is the address, masked
