"""The reader of an import's file, by the name of its source and the mapping that a person set.

Knows how an import keeps a mapping (JSON); what a mapping may say is integrations' business.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from integrations import sources
from integrations.contracts import SourceRow, TicketSource
from integrations.csv_mapping import CsvMapping
from integrations.csv_suggestion import suggest_mapping
from integrations.csv_tickets import header_and_sample

CSV = "csv"


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """The columns of a CSV file, a few values of each, and a key that files of the same columns share."""

    columns: tuple[str, ...]
    samples: Mapping[str, tuple[str, ...]]
    key: str


def open_source(path: Path, name: str, mapping: Mapping[str, Any] | None = None) -> TicketSource:
    """Return the stream of tickets in a file; a CSV file without a mapping is read by the proposed one.

    Raises core.errors.InvalidInput where the file cannot be read, the mapping is unsound, or none can be
    proposed.
    """
    if name != CSV:
        return sources.open_source(path, name)
    return sources.open_source(path, name, csv_mapping(mapping) if mapping else propose_mapping(path))


def first_rows(path: Path, name: str, mapping: Mapping[str, Any] | None, *, rows: int) -> list[SourceRow]:
    """Return the first rows as they would be imported; raises InvalidInput like the import."""
    return list(islice(open_source(path, name, mapping).rows(), rows))


def csv_mapping(mapping: Mapping[str, Any]) -> CsvMapping:
    """Return a mapping as an import keeps it; raises InvalidInput."""
    return CsvMapping.from_json(json.dumps(mapping))


def stored_mapping(mapping: CsvMapping) -> dict[str, Any]:
    """Return a mapping as an import keeps it."""
    stored: dict[str, Any] = json.loads(mapping.to_json())
    return stored


def propose_mapping(path: Path) -> CsvMapping:
    """Propose which column is what; raises InvalidInput where no column can be an id or the creation."""
    return suggest_mapping(*header_and_sample(path))


def csv_layout(path: Path, *, values: int = 30) -> CsvLayout:
    """Return the columns of a CSV file with up to ``values`` different cells of each."""
    header, rows = header_and_sample(path)
    names = [name.strip() for name in header]
    samples = {
        name: tuple(islice(dict.fromkeys(row[at].strip() for row in rows if row[at].strip()), values))
        for at, name in enumerate(names)
        if name
    }
    if not samples:
        raise InvalidInput("The file's first line names no columns.", code="bad_header")
    return CsvLayout(tuple(samples), samples, hashlib.sha256("\x1f".join(names).encode()).hexdigest())
