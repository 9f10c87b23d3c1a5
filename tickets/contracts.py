"""What crosses the border of tickets: how an import ended, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What became of the rows of a source; ``not_closed`` is a part of ``outside_window``.

    rows_in = created + updated + unchanged + rejected + outside_window, at every moment.
    """

    rows_in: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    outside_window: int = 0
    not_closed: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import as it stands: its window is evidence of which tickets could count."""

    batch_id: int
    source: str
    state: str
    window_days: int
    window_start: datetime
    window_end: datetime
    counts: ImportCounts
    error: str = ""
