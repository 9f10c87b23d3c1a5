"""Phrasings as CSV: text, label, and where known source_ref and origin. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from core.errors import InvalidInput
from intents.exchange.cells import guarded, unguarded
from intents.exchange.contracts import MAX_PHRASINGS, Phrasing, Problem, Reading
from intents.exchange.texts import decoded

COLUMNS = ("text", "label", "source_ref", "origin")
NAMES = {"text": ("text", "utterance", "phrase"), "label": ("label", "intent")}
DELIMITERS = ",;\t"


def read_csv(data: bytes, name: str) -> Reading:
    """Return the rows of a CSV whose header names text and label, in whatever order."""
    text = decoded(data, name)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    reading = Reading()
    header = [cell.strip().casefold() for cell in _next(rows, name) or []]
    place = {column: _place(header, column) for column in COLUMNS}
    missing = [column for column in ("text", "label") if place[column] is None]
    if missing:
        raise InvalidInput(
            f"{name}, line 1: the header has no column {' and no column '.join(missing)}. It needs text and "
            "label; source_ref and origin are optional.",
            code="no_column",
        )
    for column in header:
        if column and not any(column in NAMES.get(known, (known,)) for known in COLUMNS):
            reading.ignored[f"column {column[:60]}"] += 1
    while (row := _next(rows, name)) is not None:
        if any(cell.strip() for cell in row):
            _take(reading, row, place, len(header), f"{name}, line {rows.line_num}")
        if len(reading.phrasings) > MAX_PHRASINGS:
            raise InvalidInput(f"{name} has more than {MAX_PHRASINGS:,} rows.", code="too_many_rows")
    return reading


def write_csv(phrasings: Iterable[Phrasing]) -> str:
    """Return a CSV that read_csv gives back exactly, safe to open in a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for p in phrasings:
        writer.writerow([guarded(cell) for cell in (p.text, p.label, p.source_ref, p.origin)])
    return stream.getvalue()


def _take(reading: Reading, row: list[str], place: dict[str, int | None], width: int, where: str) -> None:
    if len(row) > width:
        words = f"The row has {len(row)} cells and the header {width}. Put quotes around texts with commas."
        reading.problems.append(Problem(where, words, row[0][:200]))
        return
    cells = {
        column: unguarded(row[i]) if i is not None and i < len(row) else "" for column, i in place.items()
    }
    label = cells["label"].strip()
    if not label:
        reading.problems.append(Problem(where, "The label is empty.", cells["text"][:200]))
        return
    reading.phrasings.append(
        Phrasing(cells["text"], label, where, cells["origin"].strip().casefold(), cells["source_ref"].strip())
    )


def _next(rows: Iterator[list[str]], name: str) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error as error:
        line = getattr(rows, "line_num", 0)
        raise InvalidInput(
            f"{name}, line {line}: this is not sound CSV ({error}).", code="bad_csv", extra={"line": line}
        ) from error


def _place(header: list[str], column: str) -> int | None:
    return next((header.index(name) for name in NAMES.get(column, (column,)) if name in header), None)


def _delimiter(text: str) -> str:
    """Return the delimiter that the header uses most; a comma where it uses none."""
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)
