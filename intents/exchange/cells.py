"""Cells of a CSV that spreadsheets show as text and that come back exactly as they were. Pure.

A cell that would be a formula gets a quote before it (core.spreadsheet); so does one that looks like such a
cell already, so that taking one quote away always gives the text back.
"""

from __future__ import annotations

from core.spreadsheet import FORMULA_STARTS


def guarded(text: str) -> str:
    """Return the text as a cell that no spreadsheet calculates."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell: without the quote before a formula."""
    if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS):
        return cell[1:]
    return cell
