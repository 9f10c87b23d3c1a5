"""What the runtime asks of the apps above it, which offer it when they start: it imports none."""

from __future__ import annotations

from collections.abc import Callable

from runtime.placement import Scope

Scopes = Callable[[], tuple[Scope, ...]]

_sources: list[Scopes] = []


def offer_scopes(source: Scopes) -> None:
    """Say who knows the scopes of the running pilots; the last one to offer is asked."""
    _sources[:] = [source]


def running_scopes() -> tuple[Scope, ...]:
    """Return the scopes of the running pilots; none where nobody runs any."""
    return _sources[0]() if _sources else ()
