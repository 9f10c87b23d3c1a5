"""To which turns a rule is limited: for whom, where, when and about how much. Pure, on the facts alone.

All conditions of a rule must hold, any of the values within one is enough. Each is true, false or unknown:
unknown where the fact is (nobody vouches for the tier, the intent is a guess, a sum is in another currency).
What is unknown counts as holding for a hard rule and as not holding for a soft one: a hard rule is there for
harm, and unknown is never safe (docs/adr). Time is the turn's own (``TurnFacts.at``, in the workspace's zone
as it was written down), never the clock's, so a replay decides alike.

Decides neither whether the trigger fires (escalation.firing) nor what follows (escalation.engine).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from core.errors import InvalidInput
from escalation.contracts import TurnFacts
from escalation.schema_faults import refuse_first
from escalation.triggers import HARD
from kb import pages

INTENTS, USER_TYPES, TIERS = "intents", "user_types", "tiers"
CHANNELS, PAGES, AMOUNT_OVER = "channels", "pages", "amount_over"
HOURS, VALID_FROM, VALID_UNTIL = "hours", "valid_from", "valid_until"

MAX_VALUES = 100
MAX_MINOR = 10**12
TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _values(longest: int, most: int = MAX_VALUES) -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": longest}
    return {"type": "array", "minItems": 1, "maxItems": most, "uniqueItems": True, "items": item}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    required = list(properties)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": dict(properties),
    }


MOMENT = {"type": "string", "minLength": 1, "maxLength": 40}
WINDOW = _object(
    {
        # ISO weekdays: 1 is Monday
        "days": {
            "type": "array",
            "minItems": 1,
            "maxItems": 7,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 1, "maximum": 7},
        },
        "from": {"type": "string", "pattern": TIME_OF_DAY},
        "until": {"type": "string", "pattern": f"{TIME_OF_DAY}|^24:00$"},
    }
)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        INTENTS: _values(100),
        USER_TYPES: _values(64),
        TIERS: _values(64),
        CHANNELS: _values(32),
        PAGES: _values(pages.MAX_PATTERN_LENGTH, 20),
        AMOUNT_OVER: _object(
            {
                "minor": {"type": "integer", "minimum": 0, "maximum": MAX_MINOR},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            }
        ),
        HOURS: _object(
            {
                "outside": {"type": "boolean"},
                "windows": {"type": "array", "minItems": 1, "maxItems": 14, "items": WINDOW},
            }
        ),
        VALID_FROM: MOMENT,
        VALID_UNTIL: MOMENT,
    },
}
_VALIDATOR = Draft202012Validator(SCHEMA)


def conditions_validate(conditions: Any) -> dict[str, Any]:
    """Return the conditions, or raise InvalidInput with the first fault and the condition that has it."""
    refuse_first(_VALIDATOR.iter_errors(conditions), code="bad_conditions", whole="conditions")
    for pattern in conditions.get(PAGES, ()):
        try:
            pages.check(pattern)
        except pages.BadPattern as bad:
            raise _refusal(PAGES, f"“{pattern[:60]}”: {bad}") from bad
    for window in conditions.get(HOURS, {}).get("windows", ()):
        if window["from"] == window["until"]:
            raise _refusal(HOURS, "A time window ends when it begins. Write 00:00-24:00 for the whole day.")
    since, until = (_moment_of(conditions, name) for name in (VALID_FROM, VALID_UNTIL))
    if since is not None and until is not None and since >= until:
        raise _refusal(VALID_UNTIL, "The rule would end before it begins.")
    return dict(conditions)


def conditions_hold(conditions: Mapping[str, Any], kind: str, facts: TurnFacts) -> bool:
    """Tell whether a rule of this kind is asked in this turn."""
    unknown_holds = kind == HARD
    for name, wanted in conditions.items():
        holds = CHECKS[name](wanted, facts)
        if not (unknown_holds if holds is None else holds):
            return False
    return True


def conditions_explain(conditions: Mapping[str, Any], facts: TurnFacts) -> Iterator[tuple[str, bool | None]]:
    """Yield each condition's name and whether it holds (None: the fact is unknown)."""
    for name, wanted in conditions.items():
        yield name, CHECKS[name](wanted, facts)


def _among(fact: str, wanted: Sequence[str]) -> bool | None:
    return fact in wanted if fact else None


def _intents(wanted: Sequence[str], facts: TurnFacts) -> bool | None:
    return None if facts.is_fallback else _among(facts.intent, wanted)


def _pages(wanted: Sequence[str], facts: TurnFacts) -> bool | None:
    if not _path(facts.page):
        return None
    return any(_is_on(pattern, facts.page) for pattern in wanted)


def _amount_over(wanted: Mapping[str, Any], facts: TurnFacts) -> bool | None:
    """Tell whether a named sum is larger; one in another or an unknown currency cannot be compared."""
    alike = [amount.minor for amount in facts.amounts if amount.currency == wanted["currency"]]
    if any(minor > wanted["minor"] for minor in alike):
        return True
    return False if len(alike) == len(facts.amounts) else None


def _hours(wanted: Mapping[str, Any], facts: TurnFacts) -> bool | None:
    clock = _clock(facts.at)
    if clock is None:
        return None
    return any(_is_within(window, *clock) for window in wanted["windows"]) != wanted["outside"]


def _is_within(window: Mapping[str, Any], today: int, now: str) -> bool:
    """Tell whether the hour is in the window, which may go past midnight; its end is no part of it."""
    start, end, yesterday = window["from"], window["until"], (today - 2) % 7 + 1
    if start < end:
        return today in window["days"] and start <= now < end
    return (today in window["days"] and now >= start) or (yesterday in window["days"] and now < end)


def _valid_from(wanted: str, facts: TurnFacts) -> bool | None:
    at, since = _moment(facts.at), _moment(wanted)
    return None if at is None or since is None else at >= since


def _valid_until(wanted: str, facts: TurnFacts) -> bool | None:
    at, until = _moment(facts.at), _moment(wanted)
    return None if at is None or until is None else at < until


CHECKS: Mapping[str, Callable[[Any, TurnFacts], bool | None]] = {
    INTENTS: _intents,
    USER_TYPES: lambda wanted, facts: _among(facts.user_type, wanted),
    TIERS: lambda wanted, facts: _among(facts.tier, wanted),
    CHANNELS: lambda wanted, facts: _among(facts.channel, wanted),
    PAGES: _pages,
    AMOUNT_OVER: _amount_over,
    HOURS: _hours,
    VALID_FROM: _valid_from,
    VALID_UNTIL: _valid_until,
}


def _moment_of(conditions: Mapping[str, Any], name: str) -> datetime | None:
    if name not in conditions:
        return None
    moment = _moment(conditions[name])
    if moment is None:
        raise _refusal(name, "Write a date and time with its offset, such as 2026-05-03T10:00:00+00:00.")
    return moment


# Every rule asks about the page and the hour of the same turn.
_path = lru_cache(maxsize=64)(pages.path_of)
_is_on = lru_cache(maxsize=1024)(pages.matches)


@lru_cache(maxsize=64)
def _clock(at: str) -> tuple[int, str] | None:
    """Return the ISO weekday and the time of day of the turn, as written."""
    moment = _moment(at)
    return None if moment is None else (moment.isoweekday(), f"{moment.hour:02}:{moment.minute:02}")


@lru_cache(maxsize=4096)
def _moment(written: str) -> datetime | None:
    """Return the moment, or None where it is not written with its offset."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _refusal(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_conditions", extra={"field": field})
