"""What the runtime asks of the apps above it, which offer it when they start: it imports none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from runtime.placement import Scope

Scopes = Callable[[], tuple[Scope, ...]]
Names = Callable[[Collection[int]], Mapping[int, str]]

_sources: list[Scopes] = []
_names: list[Names] = []


def offer_scopes(source: Scopes) -> None:
    """Say who knows the scopes of the running pilots; the last one to offer is asked."""
    _sources[:] = [source]


def running_scopes() -> tuple[Scope, ...]:
    """Return the scopes of the running pilots; none where nobody runs any."""
    return _sources[0]() if _sources else ()


def offer_pilot_names(source: Names) -> None:
    """Say who knows what pilots are called, by their ids; the last one to offer is asked."""
    _names[:] = [source]


def pilot_names(pilot_ids: Collection[int]) -> Mapping[int, str]:
    """Return the names of pilots, by id; none where nobody knows any."""
    return _names[0](pilot_ids) if _names and pilot_ids else {}
