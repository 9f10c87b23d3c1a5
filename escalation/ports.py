"""What the escalation pages ask of the apps above them, which offer it when they start: they import none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Channels = Callable[[], Iterable[str]]
PromiseLine = Callable[[], str]

_channels: list[Channels] = []
_promises: list[PromiseLine] = []


def offer_channels(source: Channels) -> None:
    """Say who knows the channels that customers have written on. The last one to offer is asked."""
    _channels[:] = [source]


def channels_seen() -> tuple[str, ...]:
    """Return those channels; none where nobody knows any."""
    return tuple(_channels[0]()) if _channels else ()


def offer_promise_line(source: PromiseLine) -> None:
    """Say who knows how often the waits that were told were kept. The last one to offer is asked."""
    _promises[:] = [source]


def promise_line() -> str:
    """Return how often the waits that were told were kept, in a line; empty where nobody knows."""
    return _promises[0]() if _promises else ""
