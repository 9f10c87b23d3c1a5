"""Tickets from a CSV file of any help desk, by a mapping that a person set.

Cells are text and stay text, also those that look like formulas. Each row is one ticket with at most two
messages: the customer's words and the agent's. Decides nothing that the mapping does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from core.errors import InvalidInput
from integrations.contracts import Author, SourceMessage, SourceRow, SourceTicket, Status
from integrations.csv_mapping import DATE_FORMATS, EPOCH, ISO, UNITS, CsvMapping
from integrations.csv_records import csv_records
from integrations.fields import (
    STATUSES,
    bad_date,
    channel,
    count,
    epoch_moment,
    identifier,
    in_order,
    in_range,
    iso_moment,
    priority,
    rating,
    required,
    seconds_between,
    tagged_escalated,
)
from integrations.packed import opened
from integrations.row_count import about_rows
from integrations.streams import BadRow, TextStream, normalised

NAME = "csv"
MAX_SAMPLE_CHARACTERS = 10_000_000
YES_NO = {
    "yes": True,
    "y": True,
    "true": True,
    "1": True,
    "no": False,
    "n": False,
    "false": False,
    "0": False,
}
STATUS_WORDS = {"resolved": "solved", "in progress": "open", "on hold": "hold", "on-hold": "hold"}


class CsvTickets:
    """The rows of one CSV file as tickets."""

    name = NAME

    def __init__(self, path: Path, mapping: CsvMapping) -> None:
        self._path = path
        self._mapping = mapping

    def rows(self) -> Iterator[SourceRow]:
        """Yield each row below the header; raises InvalidInput where the header lacks a mapped column."""
        with opened(self._path) as source:
            records = csv_records(TextStream(source), delimiter=self._mapping.delimiter)
            header = next(records).value
            read = _Reader(self._mapping, _places(header, self._mapping)).ticket
            for record in records:
                yield normalised(record, read)

    def count(self) -> int:
        """Return about how many rows there are below the header: exactly, if there are few."""
        with opened(self._path) as source:
            records = csv_records(TextStream(source), delimiter=self._mapping.delimiter)
            _places(next(records).value, self._mapping)
            about = about_rows(self._path, json_lines=False)
            return about if about is not None else sum(1 for _ in records)


def preview(path: Path, mapping: CsvMapping, *, rows: int = 20) -> list[SourceRow]:
    """Return the first rows as they would be taken; raises InvalidInput like the import."""
    return list(islice(CsvTickets(path, mapping).rows(), rows))


def header_and_sample(
    path: Path, *, delimiter: str = "", rows: int = 2000
) -> tuple[list[str], list[list[str]]]:
    """Return the header and the first sound rows of a file, for a proposal of a mapping."""
    with opened(path) as source:
        records = csv_records(TextStream(source), delimiter=delimiter)
        header = next(records).value
        sample: list[list[str]] = []
        characters = 0
        for record in islice(records, rows):
            if record.rejection is None and characters < MAX_SAMPLE_CHARACTERS:
                sample.append(record.value)
                characters += sum(map(len, record.value))
        return header, sample


def _places(header: list[str], mapping: CsvMapping) -> dict[str, int]:
    """Return each mapped column's place; raises InvalidInput for one that is missing or there twice."""
    names = [name.strip() for name in header]
    for column in mapping.all_columns:
        found = names.count(column.strip())
        if found == 0:
            shown = ", ".join(name[:40] for name in names[:50])
            raise InvalidInput(f"The file has no column “{column}”. It has: {shown}.", code="missing_column")
        if found > 1:
            raise InvalidInput(f"The file has {found} columns named “{column}”.", code="ambiguous_column")
    return {column: names.index(column.strip()) for column in mapping.all_columns}


class _Reader:
    """Turns the cells of a row into a ticket."""

    def __init__(self, mapping: CsvMapping, places: Mapping[str, int]) -> None:
        self._mapping = mapping
        self._places = places
        self._words = {
            field: {word.strip().casefold(): ours for word, ours in words.items()}
            for field, words in mapping.values.items()
        }
        self._zone = mapping.zone

    def ticket(self, cells: list[str]) -> SourceTicket:
        """Return the ticket; raises BadRow."""
        cell = partial(self._cell, cells)
        created_at = required(self._moment(cells, "created_at"), "created_at")
        closed_at = self._moment(cells, "closed_at")
        tags = tuple(tag for item in cell("tags").split(self._mapping.tag_separator) if (tag := item.strip()))
        resolution = self._seconds(cells, "resolution_seconds")
        customer = cell("customer_external_id")
        return SourceTicket(
            source=NAME,
            external_id=identifier(cell("external_id")),
            subject=cell("subject"),
            status=self._status(cells),
            created_at=created_at,
            updated_at=self._moment(cells, "updated_at") or closed_at or created_at,
            messages=self._messages(cells, created_at, closed_at, customer),
            closed_at=closed_at,
            channel=channel(self._word(cells, "channel")),
            kind=self._word(cells, "kind"),
            priority=priority(self._word(cells, "priority")),
            customer_external_id=customer,
            group=self._word(cells, "group"),
            tags=tags,
            csat=rating(self._word(cells, "csat")),
            csat_comment=cell("csat_comment"),
            reopens=count(cell("reopens")),
            agent_replies=count(cell("agent_replies")),
            reassignments=count(cell("reassignments")),
            first_reply_seconds=self._seconds(cells, "first_reply_seconds"),
            resolution_seconds=resolution
            if resolution is not None
            else seconds_between(created_at, closed_at),
            escalated=YES_NO.get(self._word(cells, "escalated").lower(), tagged_escalated(tags)),
            extra={
                column: value
                for column in self._mapping.extra_columns
                if (value := cells[self._places[column]].strip())
            },
        )

    def _cell(self, cells: list[str], field: str) -> str:
        column = self._mapping.columns.get(field)
        return cells[self._places[column]].strip() if column else ""

    def _word(self, cells: list[str], field: str) -> str:
        """Return the cell in our words where the mapping has one for it."""
        cell = self._cell(cells, field)
        return self._words.get(field, {}).get(cell.casefold(), cell)

    def _status(self, cells: list[str]) -> Status:
        word = self._word(cells, "status").lower() or self._mapping.default_status
        word = STATUS_WORDS.get(word, word)
        if word not in STATUSES:
            raise BadRow(
                "bad_status", f"“{word[:40]}” is no status. Add it to the mapping's words for status."
            )
        return word  # type: ignore[return-value]

    def _moment(self, cells: list[str], field: str) -> datetime | None:
        cell = self._cell(cells, field)
        if not cell:
            return None
        for name in self._mapping.date_formats:
            try:
                return self._parsed(cell, name, field)
            except (BadRow, ValueError, OverflowError):
                continue
        raise bad_date(self._mapping.columns[field], cell)

    def _parsed(self, cell: str, name: str, field: str) -> datetime | None:
        if name == ISO:
            return iso_moment(cell, field, self._zone)
        if name == EPOCH:
            return epoch_moment(cell, field)
        parsed: Callable[[str, str], datetime] = datetime.strptime
        return in_range(parsed(cell, DATE_FORMATS.get(name, name)), self._zone)

    def _seconds(self, cells: list[str], field: str) -> int | None:
        """Return a duration in seconds; None where the cell is empty or no number."""
        try:
            seconds = float(self._cell(cells, field)) * UNITS[self._mapping.units.get(field, "seconds")]
            return count(round(seconds))
        except (ValueError, OverflowError):
            return None

    def _messages(
        self, cells: list[str], created_at: datetime, closed_at: datetime | None, customer: str
    ) -> tuple[SourceMessage, ...]:
        """Return the customer's words at creation, and the agent's at the end as far as it is known."""
        parts: list[tuple[Author, tuple[str, ...], datetime, str]] = [
            ("customer", self._mapping.text_columns, created_at, customer),
            ("agent", self._mapping.reply_columns, closed_at or created_at, ""),
        ]
        bodies = [
            (author, "\n\n".join(filter(None, (cells[self._places[name]].strip() for name in names))), at, by)
            for author, names, at, by in parts
        ]
        return in_order(
            [
                SourceMessage(author, body, at, author_external_id=by, is_html=self._mapping.html)
                for author, body, at, by in bodies
                if body
            ]
        )
