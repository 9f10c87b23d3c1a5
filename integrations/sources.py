"""Open an export by the name of the help desk that wrote it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from integrations import csv_tickets, freshdesk, intercom, zendesk
from integrations.contracts import SourceRow, SourceTicket, TicketSource
from integrations.csv_mapping import CsvMapping
from integrations.csv_tickets import CsvTickets
from integrations.json_records import IsRecord, json_records
from integrations.packed import opened
from integrations.row_count import about_rows
from integrations.streams import Record, TextStream, normalised


@dataclass(slots=True)
class JsonTickets:
    """The records of one JSON export as tickets, by a help desk's own rules."""

    path: Path
    name: str
    keys: Collection[str]
    is_record: IsRecord
    normalise: Callable[[Any], SourceTicket]

    def rows(self) -> Iterator[SourceRow]:
        """Yield each record; raises InvalidInput where the file cannot be opened or is empty."""
        for record in self._records():
            yield normalised(record, self.normalise)

    def count(self) -> int:
        """Return about how many records there are: exactly, unless each line is one."""
        about = about_rows(self.path, json_lines=True)
        return about if about is not None else sum(1 for _ in self._records())

    def _records(self) -> Iterator[Record]:
        with opened(self.path) as source:
            stream = TextStream(source)
            if not stream.head.strip() and not stream.damage:
                raise InvalidInput("The file is empty.", code="empty_file")
            yield from json_records(stream, keys=self.keys, is_record=self.is_record)


def open_source(path: Path, name: str, mapping: CsvMapping | None = None) -> TicketSource:
    """Return the export at ``path`` as tickets: zendesk, freshdesk, intercom, or csv with a ``mapping``."""
    if name == csv_tickets.NAME:
        if mapping is None:
            raise InvalidInput("A CSV file needs a mapping of its columns.", code="missing_mapping")
        return CsvTickets(path, mapping)
    for adapter in (zendesk, freshdesk, intercom):
        if name == adapter.NAME:
            return JsonTickets(path, name, adapter.KEYS, adapter.is_record, adapter.normalise)
    raise InvalidInput(
        f"There is no source “{name[:40]}”. Use zendesk, freshdesk, intercom or csv.", code="unknown_source"
    )
