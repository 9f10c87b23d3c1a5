"""CSV that a spreadsheet shows as text: a cell that would be taken for a formula gets a quote before it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """Return a value as text that no spreadsheet calculates."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a CSV file with a header; numbers stay numbers."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(header)
    for row in rows:
        writer.writerow([cell if isinstance(cell, (int, float)) else safe_cell(cell) for cell in row])
    return stream.getvalue()
