"""Make tickets ready to be stored, in this process or spread over others: the slow part of an import.

The order of the results is that of the tickets. Writes nothing and reads no database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from core.child_process import begin
from tickets.bulk_upsert import Parameters, Upsert
from tickets.import_plan import Write
from tickets.models import RawText, Ticket, TicketText
from tickets.rows import rows_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A ticket ready to be stored; the rows of its texts begin with its id, which is not known yet."""

    external_id: str
    ticket: Parameters
    text: Parameters
    raw: Parameters


@cache
def upserts() -> tuple[Upsert, Upsert, Upsert]:
    """Return the statements that store a ticket, its text and its raw text."""
    return (
        Upsert(Ticket, key=("source", "external_id"), keep=("first_batch",)),
        Upsert(TicketText, key=("ticket",)),
        Upsert(RawText, key=("ticket",)),
    )


def prepare(
    writes: Sequence[tuple[str, Write]], source: str, batch_id: int, delete_raw_after: date
) -> list[Prepared]:
    """Return the rows to store of each ticket, its texts masked."""
    tickets, texts, raw_texts = upserts()
    prepared = []
    for external_id, write in writes:
        ticket, text, raw = rows_of(
            write, source=source, batch_id=batch_id, delete_raw_after=delete_raw_after
        )
        prepared.append(
            Prepared(
                external_id,
                tickets.parameters(ticket),
                texts.parameters(text)[1:],
                raw_texts.parameters(raw)[1:],
            )
        )
    return prepared


class Masking:
    """Where tickets are made ready; with ``processes`` they are, while the caller goes on reading.

    A context: the processes end with it, and by themselves when the one that started them is gone.
    """

    def __init__(self, processes: int = 0) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._processes:
            self._pool = ProcessPoolExecutor(
                self._processes, mp_context=get_context("spawn"), initializer=begin
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def submit(
        self, writes: Sequence[tuple[str, Write]], source: str, batch_id: int, delete_raw_after: date
    ) -> Callable[[], list[Prepared]]:
        """Begin with these tickets; call what is returned for the result."""
        given = (source, batch_id, delete_raw_after)
        if self._pool is None or not writes:
            return lambda: prepare(writes, *given)
        size = -(-len(writes) // self._processes)
        parts = [writes[start : start + size] for start in range(0, len(writes), size)]
        futures = [self._pool.submit(prepare, part, *given) for part in parts]
        return lambda: [row for future in futures for row in future.result()]
