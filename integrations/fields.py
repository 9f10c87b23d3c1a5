"""Read single fields of a help desk's record, and bring the words of all help desks to one vocabulary.

What is missing is None or empty; what is there, matters and cannot be read raises BadRow. Guesses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, get_args

from integrations.contracts import SourceMessage, Status
from integrations.streams import BadRow

Fields = Mapping[str, Any]

YEARS = range(1990, 2101)
MAX_ID_CHARACTERS = 200
MAX_COUNT = 2**31
ESCALATED_TAGS = frozenset({"escalated", "escalation"})
STATUSES: frozenset[str] = frozenset(get_args(Status))
MERGE_NOTICE = re.compile(r"\bmerged into (?:this |the )?(?:request|ticket|conversation)\b", re.IGNORECASE)
CHANNELS = {
    "chat_transcript": "chat",
    "conversation": "chat",
    "facebook_post": "facebook",
    "facebook_message": "facebook",
    "feedback_widget": "web",
    "help_center": "web",
    "mail": "email",
    "messenger": "chat",
    "mobile_sdk": "mobile",
    "native_messaging": "chat",
    "phone_call": "phone",
    "portal": "web",
    "postal mail": "letter",
    "twitter_dm": "twitter",
    "voice": "phone",
    "web_form": "web",
    "web_service": "api",
    "web_widget": "web",
}
PRIORITIES = {"medium": "normal", "critical": "urgent", "highest": "urgent", "lowest": "low"}


def record_of(value: Any) -> Fields:
    """Return the record as a mapping; raises BadRow for anything else."""
    if not isinstance(value, dict):
        raise BadRow("not_an_object", "The row is not a JSON object.")
    return value


def text(fields: Fields, key: str) -> str:
    """Return a text or number as text; empty for everything else."""
    value = fields.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def inner(fields: Fields, key: str) -> Fields:
    """Return an object inside the record; an empty one where there is none."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def objects(fields: Fields, key: str) -> list[Fields]:
    """Return a list of objects, empty where it is missing or null. Raises BadRow if it is something else."""
    value = fields.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadRow("bad_messages", f"“{key}” is not a list of objects.")
    return value


def texts(fields: Fields, key: str) -> tuple[str, ...]:
    """Return the texts of a list; what is no text is left out."""
    value = fields.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def identifier(value: Any) -> str:
    """Return the id of a ticket; raises BadRow where there is none."""
    if value is None or value == "":
        raise BadRow("missing_id", "The row has no id.")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRow("bad_id", "The row's id is neither a number nor a text.")
    found = str(value).strip()
    if not found:
        raise BadRow("missing_id", "The row has no id.")
    if len(found) > MAX_ID_CHARACTERS:
        raise BadRow("bad_id", f"The row's id is longer than {MAX_ID_CHARACTERS} characters.")
    return found


def count(value: Any) -> int | None:
    """Return a whole number from 0 on, also one that is written as a text; None for everything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_COUNT:
        return None
    return value


def rating(value: Any) -> int | None:
    """Return a rating from 1 to 5; None for everything else."""
    found = count(value)
    return found if found is not None and 1 <= found <= 5 else None


def iso_moment(value: Any, name: str, zone: tzinfo = UTC) -> datetime | None:
    """Read ISO 8601; None where it is missing. Without an offset it is in ``zone``. Raises BadRow."""
    if value is None or value == "":
        return None
    try:
        return in_range(datetime.fromisoformat(value.strip()), zone)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise bad_date(name, value) from error


def epoch_moment(value: Any, name: str) -> datetime | None:
    """Read seconds since 1970, None where they are missing. Raises BadRow."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or len(str(value)) > 20:
            raise ValueError(value)
        return in_range(datetime.fromtimestamp(int(value), UTC), UTC)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise bad_date(name, value) from error


def in_range(moment: datetime, zone: tzinfo) -> datetime:
    """Return the moment in UTC; raises ValueError for years in which no ticket can be."""
    if moment.year not in YEARS:
        raise ValueError(f"year {moment.year}")
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def bad_date(name: str, value: Any) -> BadRow:
    """Return the refusal of a date that cannot be read."""
    return BadRow("bad_date", f"“{name}” is no date in a known format: {str(value)[:40]!r}.")


def required(moment: datetime | None, name: str) -> datetime:
    """Return the moment; raises BadRow where it is missing."""
    if moment is None:
        raise BadRow("missing_date", f"The row has no “{name}”.")
    return moment


def seconds_between(start: datetime, end: datetime | None) -> int | None:
    """Return whole seconds; None without an end or with one before the start."""
    if end is None or end < start:
        return None
    return int((end - start).total_seconds())


def channel(value: str) -> str:
    """Return the channel in our words; an unknown one as it is, in small letters."""
    word = value.strip().lower()
    return CHANNELS.get(word, word)


def priority(value: str) -> str:
    """Return the priority in our words: low, normal, high, urgent; an unknown one in small letters."""
    word = value.strip().lower()
    return PRIORITIES.get(word, word)


def tagged_escalated(tags: Iterable[str]) -> bool | None:
    """Return True where the team's own tag says so; its absence says nothing."""
    return True if any(tag.lower() in ESCALATED_TAGS for tag in tags) else None


def extras(fields: Fields, keys: Iterable[str]) -> dict[str, str]:
    """Return the fields worth keeping as texts, where they say something."""
    found = {key: fields[key] for key in keys if fields.get(key) is not None}
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in found.items()
        if isinstance(value, str | int | float) and value != ""
    }


def in_order(messages: Sequence[SourceMessage]) -> tuple[SourceMessage, ...]:
    """Return the messages in order of time; those of the same moment stay as they were."""
    return tuple(sorted(messages, key=lambda message: message.created_at))


def public_agent_replies(messages: Iterable[SourceMessage]) -> int:
    """Return how many messages an agent wrote to the customer."""
    return sum(message.author == "agent" and message.is_public for message in messages)
