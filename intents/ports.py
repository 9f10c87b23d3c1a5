"""What intents ask of the apps above them, which offer it when they start: this app imports none of those."""

from __future__ import annotations

from collections.abc import Callable

LiveInteractions = Callable[[int], int]

_sources: list[LiveInteractions] = []


def offer_live_interactions(source: LiveInteractions) -> None:
    """Say who counts the customers' conversations that the agent took part in; the last to offer is asked.

    ``source(at_most)`` returns the number of conversations with a delivered live turn, counted no further
    than ``at_most``.
    """
    _sources[:] = [source]


def live_interactions(*, at_most: int) -> int:
    """Return how many live interactions there have been, counted no further than ``at_most``."""
    return _sources[0](at_most) if _sources else 0
