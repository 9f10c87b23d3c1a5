"""What the escalation pages ask of the apps above them, which offer it when they start: they import none."""

from __future__ import annotations

from collections.abc import Callable

PromiseLine = Callable[[], str]
_promises: list[PromiseLine] = []


def offer_promise_line(source: PromiseLine) -> None:
    """Say who knows how often the waits that were told were kept. The last one to offer is asked."""
    _promises[:] = [source]


def promise_line() -> str:
    """Return how often the waits that were told were kept, in a line; empty where nobody knows."""
    return _promises[0]() if _promises else ""
