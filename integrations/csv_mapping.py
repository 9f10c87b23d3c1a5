"""Which column of a CSV file is which field of a ticket, as a person set it; to and from JSON.

Proposes nothing (``integrations.csv_suggestion`` does) and reads no rows (``integrations.csv_tickets`` does).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import InvalidInput
from integrations.fields import STATUSES

REQUIRED = ("external_id", "created_at")
DATES = ("created_at", "updated_at", "closed_at")
COUNTS = ("reopens", "agent_replies", "reassignments")
DURATIONS = ("first_reply_seconds", "resolution_seconds")
TEXTS = ("subject", "channel", "kind", "priority", "customer_external_id", "group", "tags", "csat_comment")
FIELDS = ("external_id", "status", "csat", "escalated", *DATES, *COUNTS, *DURATIONS, *TEXTS)
MAPPED_WORDS = ("status", "channel", "kind", "priority", "group", "csat", "escalated")
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
ISO, EPOCH = "iso", "epoch"
DATE_FORMATS = {  # names that a person can choose; any strptime pattern can stand beside them
    "month/day/year": "%m/%d/%Y",
    "month/day/year time": "%m/%d/%Y %H:%M",
    "month/day/year time am/pm": "%m/%d/%Y %I:%M %p",
    "month/day/year seconds": "%m/%d/%Y %H:%M:%S",
    "day/month/year": "%d/%m/%Y",
    "day/month/year time": "%d/%m/%Y %H:%M",
    "day/month/year seconds": "%d/%m/%Y %H:%M:%S",
    "day.month.year": "%d.%m.%Y",
    "day.month.year time": "%d.%m.%Y %H:%M",
    "day.month.year seconds": "%d.%m.%Y %H:%M:%S",
    "day month-name year": "%d %b %Y",
    "month-name day, year": "%b %d, %Y",
    "mail": "%a, %d %b %Y %H:%M:%S %z",
}
MAX_JSON_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """How a CSV file is read; raises InvalidInput, with a sentence that says what to do, if it cannot be.

    ``columns``: our field to the column's name. ``text_columns``: the customer's words, ``reply_columns``:
    the agent's; several of them become one message. ``values``: for a field, the file's word (in any case) to
    ours.
    ``date_formats`` are tried in turn; dates without an offset are in ``timezone``.
    """

    columns: Mapping[str, str]
    text_columns: tuple[str, ...] = ()
    reply_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = (ISO,)
    timezone: str = "UTC"
    delimiter: str = ""  # empty: seen from the header
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    default_status: str = ""  # where there is no status column, or its cell is empty
    units: Mapping[str, str] = field(default_factory=dict)  # of the durations; seconds where not given
    tag_separator: str = ","
    html: bool = False  # the texts are HTML

    def __post_init__(self) -> None:
        self._check_columns()
        self._check_dates()
        self._check_words()
        if len(self.delimiter) > 1 or self.delimiter in ('"', "\n", "\r"):
            raise _invalid("The delimiter must be a single character, such as a comma or a semicolon.")
        if not self.tag_separator:
            raise _invalid("Say which character stands between tags.")
        for name, unit in self.units.items():
            if name not in DURATIONS or unit not in UNITS:
                raise _invalid(f"The unit of {name} must be one of {_listed(UNITS)}.")

    @property
    def zone(self) -> tzinfo:
        """The time zone of dates that name none."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column that the mapping names."""
        return (*self.columns.values(), *self.text_columns, *self.reply_columns, *self.extra_columns)

    def to_json(self) -> str:
        """Return the mapping as JSON, for keeping and for taking it to another file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> CsvMapping:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        try:
            if len(text) > MAX_JSON_CHARACTERS:
                raise _invalid("The mapping is too long.")
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _invalid(f"The mapping is not valid JSON: {error}.") from error
        if not isinstance(found, dict):
            raise _invalid("The mapping must be a JSON object.")
        known = {item.name: item for item in fields(cls)}
        for name, value in found.items():
            if name not in known:
                raise _invalid(f"The mapping has no setting “{name[:40]}”. It has {_listed(known)}.")
            _check_shape(name, value)
        if "columns" not in found:
            raise _invalid("Say under “columns” which column holds which field.")
        settings: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in found.items()
        }
        return cls(**settings)

    def _check_columns(self) -> None:
        for name in self.columns:
            if name not in FIELDS:
                raise _invalid(f"There is no field “{name[:40]}”. Use one of {_listed(FIELDS)}.")
        for name in REQUIRED:
            if not self.columns.get(name):
                raise _invalid(f"Say which column holds {name}: without it a ticket cannot be kept.")
        if "status" not in self.columns and not self.default_status:
            raise _invalid("Say which column holds the status, or which status all rows have.")
        if self.default_status and self.default_status not in STATUSES:
            raise _invalid(f"The default status must be one of {_listed(STATUSES)}.")

    def _check_dates(self) -> None:
        if not self.date_formats:
            raise _invalid("Give at least one date format.")
        for name in self.date_formats:
            if name not in (ISO, EPOCH) and name not in DATE_FORMATS and not _is_pattern(name):
                known = _listed((ISO, EPOCH, *DATE_FORMATS))
                raise _invalid(f"“{name[:40]}” is no date format. Use {known}, or a pattern like %d/%m/%Y.")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _invalid("The time zone must be a name like UTC or Europe/Berlin.") from error

    def _check_words(self) -> None:
        for name, words in self.values.items():
            if name not in MAPPED_WORDS:
                raise _invalid(f"The words of “{name[:40]}” cannot be mapped; {_listed(MAPPED_WORDS)} can.")
            allowed = {"status": STATUSES, "csat": set("12345"), "escalated": {"yes", "no"}}.get(name)
            wrong = sorted(set(words.values()) - allowed) if allowed is not None else []
            if allowed is not None and wrong:
                raise _invalid(f"“{wrong[0][:40]}” is no {name}. Use one of {_listed(allowed)}.")


def _is_pattern(name: str) -> bool:
    """A pattern has day, month and year, and is one that strptime takes."""
    if "%" not in name or len(name) > 100:
        return False
    moment = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    try:
        read = datetime.strptime(moment.strftime(name), name)  # noqa: DTZ007 - only the day matters
        return read.date() == moment.date()
    except ValueError:
        return False


def _check_shape(name: str, value: Any) -> None:
    """Refuse a setting of the wrong JSON type, before a dataclass takes anything."""
    if name in ("columns", "units"):
        sound = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        wanted = "an object of texts"
    elif name == "values":
        sound = isinstance(value, dict) and all(
            isinstance(words, dict) and all(isinstance(word, str) for word in words.values())
            for words in value.values()
        )
        wanted = "an object with an object of texts for each field"
    elif name in ("text_columns", "reply_columns", "extra_columns", "date_formats"):
        sound = isinstance(value, list) and all(isinstance(item, str) for item in value)
        wanted = "a list of texts"
    else:
        sound = isinstance(value, bool if name == "html" else str)
        wanted = "true or false" if name == "html" else "a text"
    if not sound:
        raise _invalid(f"“{name}” must be {wanted}.")


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_mapping")
