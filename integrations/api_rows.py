"""What the pullers share: a record of an API becomes a row like one of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.api import strict_json
from integrations.contracts import Rejection, SourceRow, SourceTicket
from integrations.json_records import MAX_VALUES
from integrations.streams import Record, normalised


def row_of(number: int, record: Any, normalise: Callable[[Any], SourceTicket]) -> SourceRow:
    """Return the record as a ticket, or why it is none; ``number`` stands where a file has the line."""
    try:
        strict_json.check(record, max_values=MAX_VALUES)
    except strict_json.BadJson as error:
        return SourceRow(number, rejection=Rejection("bad_json", str(error)))
    return normalised(Record(number, record), normalise)


def listed(value: Any, key: str) -> list[Any]:
    """Return the list under ``key`` of a page; an empty one if it is not there."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []
