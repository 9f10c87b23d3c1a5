"""Flat combining: calls that wait for each other are done as one.

A batch costs much less than its parts one by one, and a server's threads often want the same thing at the
same moment. Whoever gets the lock works for all who wait; nobody waits for a batch to fill, so a lone call
costs what it did (Hendler, Incze, Shavit and Tzafrir, "Flat combining and the synchronization-parallelism
tradeoff", 2010).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Ticket(Generic[Item, Result]):
    """One call's items, and what became of them."""

    items: Sequence[Item]
    results: Sequence[Result] = ()
    error: Exception | None = None
    is_done: bool = False


class Combiner(Generic[Item, Result]):
    """Call ``work`` from many threads, one batch at a time; ``work`` returns a result per item, in order."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._work = work
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[_Ticket[Item, Result]] = []

    def __call__(self, items: Sequence[Item]) -> Sequence[Result]:
        """Return the results of ``items``; an error of the batch that they were in is raised here too."""
        ticket: _Ticket[Item, Result] = _Ticket(items)
        with self._guard:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.is_done:
                self._serve_all()
        if ticket.error is not None:
            raise ticket.error
        return ticket.results

    def _serve_all(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting, []
        try:
            results = self._work([item for ticket in batch for item in ticket.items])
        except Exception as error:  # noqa: BLE001 - every waiting call must hear of it
            for ticket in batch:
                ticket.error, ticket.is_done = error, True
            return
        start = 0
        for ticket in batch:
            ticket.results = results[start : start + len(ticket.items)]
            ticket.is_done = True
            start += len(ticket.items)
