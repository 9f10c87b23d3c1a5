"""Numbers with what they are numbers of: durations, prices, shares, sizes, times of day, counts. Pure.

A duration is held in seconds, so "two weeks" is "14 days"; working days are a dimension of their own. Decides
nothing about what a quantity is said of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Bound = Literal["exactly", "at most", "at least"]

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
NUMBERS = {word: float(n) for n, word in enumerate(_WORDS.split())} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "thousand": 1000.0,
    "half": 0.5,
    "a": 1.0,
    "an": 1.0,
    "once": 1.0,
    "twice": 2.0,
}
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
# Unit → dimension and size. Months and years are as long as people mean them: 30 days, 365 days.
UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("second", "sec"), ("duration", 1.0)),
    **dict.fromkeys(("minute", "min"), ("duration", MINUTE)),
    **dict.fromkeys(("hour", "hr"), ("duration", HOUR)),
    "day": ("duration", DAY),
    "calendar day": ("duration", DAY),
    "week": ("duration", 7 * DAY),
    "fortnight": ("duration", 14 * DAY),
    "month": ("duration", 30 * DAY),
    "quarter": ("duration", 91 * DAY),
    "year": ("duration", 365 * DAY),
    **dict.fromkeys(("business day", "working day", "workday", "weekday"), ("business days", 1.0)),
    **dict.fromkeys(("business hour", "working hour"), ("business hours", 1.0)),
    **dict.fromkeys(("percent", "per cent", "%"), ("percent", 1.0)),
    **dict.fromkeys(("kb", "kilobyte"), ("size", 1e3)),
    **dict.fromkeys(("mb", "megabyte"), ("size", 1e6)),
    **dict.fromkeys(("gb", "gigabyte"), ("size", 1e9)),
    **dict.fromkeys(("tb", "terabyte"), ("size", 1e12)),
    **dict.fromkeys(("dollar", "usd"), ("money $", 1.0)),
    **dict.fromkeys(("euro", "eur"), ("money €", 1.0)),
    **dict.fromkeys(("pound", "gbp"), ("money £", 1.0)),
    "time": ("times", 1.0),
}
MAGNITUDES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
SAME = 0.035  # a month is 30 or 31 days, a year 365 or twelve months: as near as this is the same

_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_NUMBER = rf"(?:{_AMOUNT}|\b(?:{'|'.join(NUMBERS)})\b)"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_NOUN = r"(?!(?:and|or|to|of|in|per|for|if|at|on|by|is|are|a|an|the|with|will|can|from)\b)[a-z]{3,}"
QUANTITY = re.compile(
    rf"(?P<currency>[$€£])\s?(?P<money>{_AMOUNT})\s?(?P<scale>k|thousand|million)?\b"
    rf"|(?P<clock>\b\d{{1,2}}(?::\d\d)?\s?[ap]\.?m\b\.?|\b\d{{1,2}}:\d\d\b)"
    rf"|\bversion\s+(?P<version>\d+(?:\.\d+)*)"
    rf"|(?P<number>{_NUMBER})(?:\s?(?:-|–|to|or)\s?(?P<upper>{_NUMBER}))?[\s-]?(?P<unit>{_UNIT})s?(?!\w)"
    rf"|(?P<many>\d[\d,]*)\s+(?P<thing>{_NOUN}(?:\s+{_NOUN})?)",
    re.IGNORECASE,
)
AT_MOST = re.compile(
    r"(?:up to|at most|no more than|not more than|maximum(?: of)?|max\.?|within|less than|under|fewer than|"
    r"limited to|as many as|until|no later than|for the first|in)\W+(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    r"(?:at least|minimum(?: of)?|no less than|not less than|more than|over|from|starting at|or more)\W+"
    r"(?:\w+\W+){0,1}$",
    re.IGNORECASE,
)
# "$24 per user a month": what an amount is paid for, and how often.
_EACH = r"\s*(?:/|\b(?:per|an?|each|every|for each)\b)\s*(?:active\s+|paid\s+)?"
RATE = re.compile(rf"(?:{_EACH}[a-z]+)+", re.IGNORECASE)
RATE_UNIT = re.compile(rf"{_EACH}(?P<unit>[a-z]+)", re.IGNORECASE)
PERIODS = {
    "month": "month",
    "mo": "month",
    "year": "year",
    "yr": "year",
    "week": "week",
    "day": "day",
    "hour": "hour",
}
LOOK_BACK = 40
YEARS = (1900, 2100)
ARTICLES = frozenset({"a", "an"})
AFTER_PREPOSITION = re.compile(
    r"\b(?:within|after|for|in|of|about|least|most|takes?|lasts?|than|until|up to)\s+$", re.I
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One value or range of one dimension: ``text``, characters ``start`` to ``end`` of the sentence.

    ``period`` and ``per`` say of an amount of money how often it is paid ("month") and for what ("user").
    """

    dimension: str
    low: float
    high: float
    bound: Bound
    start: int
    end: int
    text: str = ""
    period: str = ""
    per: str = ""

    def is_comparable(self, other: Quantity) -> bool:
        """Tell whether the two are figures of one dimension, paid for the same."""
        same_rate = not (_apart(self.period, other.period) or _apart(self.per, other.per))
        return self.dimension == other.dimension and same_rate

    def excludes(self, other: Quantity) -> bool:
        """Tell whether the two cannot be the same figure of the same thing."""
        if not self.is_comparable(other):
            return False
        if self.bound == other.bound:
            apart = _differ(self.low, other.low) or _differ(self.high, other.high)
            overlap = self.low < self.high or other.low < other.high
            return apart and not (overlap and self.low <= other.high and other.low <= self.high)
        low, high = (self, other) if self.bound == "at least" else (other, self)
        if {self.bound, other.bound} == {"at least", "at most"}:
            return low.low > high.high
        exact, limit = (self, other) if self.bound == "exactly" else (other, self)
        return exact.high > limit.high if limit.bound == "at most" else exact.low < limit.low


def quantities(sentence: str) -> Iterator[Quantity]:
    """Yield the quantities of a sentence in their order."""
    for match in QUANTITY.finditer(sentence):
        found = _read(match, sentence)
        if found is not None:
            dimension, low, high = found
            bound, words = _bound(sentence, match), match.group().strip()
            rate = _rate(sentence, match.end()) if match["currency"] else ("", "")
            yield Quantity(dimension, low, high, bound, match.start(), match.end(), words, *rate)


def _read(match: re.Match[str], sentence: str) -> tuple[str, float, float] | None:
    if match["currency"]:
        value = _number(match["money"]) * MAGNITUDES.get((match["scale"] or "").lower(), 1.0)
        return f"money {match['currency']}", value, value
    if match["clock"]:
        minutes = _minutes(match["clock"])
        return None if minutes is None else ("time of day", minutes, minutes)
    if match["version"]:
        major, _, rest = match["version"].partition(".")
        value = float(major) + float(f"0.{rest.replace('.', '') or 0}")
        return "version", value, value
    if match["unit"]:
        if match["number"].lower() in ARTICLES and not AFTER_PREPOSITION.search(sentence[: match.start()]):
            return None  # "60 requests a minute" is a rate
        dimension, size = UNITS[match["unit"].lower()]
        low = _number(match["number"]) * size
        high = _number(match["upper"]) * size if match["upper"] else low
        return dimension, min(low, high), max(low, high)
    return _count(match, sentence)


def _rate(sentence: str, at: int) -> tuple[str, str]:
    """Return period and thing that the amount before ``at`` is paid for; "" where it is not said."""
    run = RATE.match(sentence, at)
    period = per = ""
    for unit in RATE_UNIT.finditer(run.group() if run else ""):
        word = unit["unit"].lower()
        if word in PERIODS:
            period = period or PERIODS[word]
        else:
            per = per or word.removesuffix("s")
    return period, per


def _count(match: re.Match[str], sentence: str) -> tuple[str, float, float] | None:
    """Return how many of a thing there are; a year, a part of a code, or a lone adjective is none."""
    value, thing = _number(match["many"]), match["thing"].lower().split()[-1]
    is_part = match.start() > 0 and sentence[match.start() - 1] in "-.,/:#_"
    is_year = "," not in match["many"] and YEARS[0] <= value <= YEARS[1]
    if is_part or is_year or (value != 1 and not thing.endswith("s")):
        return None
    return f"count of {thing.removesuffix('s')}", value, value


def _bound(sentence: str, match: re.Match[str]) -> Bound:
    if match["clock"]:
        return "exactly"
    before = sentence[max(0, match.start() - LOOK_BACK) : match.start()]
    if AT_MOST.search(before):
        return "at most"
    return "at least" if AT_LEAST.search(before) else "exactly"


def _number(text: str) -> float:
    return NUMBERS[text.lower()] if text.lower() in NUMBERS else float(text.replace(",", ""))


def _minutes(text: str) -> float | None:
    digits = re.match(r"(\d{1,2})(?::(\d\d))?", text)
    if digits is None:
        return None
    hour, minute = int(digits[1]), int(digits[2] or 0)
    half = text[digits.end() :].strip().lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return float(60 * hour + minute) if hour < 24 and minute < 60 else None


def _apart(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > SAME * max(abs(one), abs(other), 1e-9)
