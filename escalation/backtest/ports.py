"""What a back-test asks of the app above it, which knows turns and tickets and offers that at its start."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from core.errors import Unavailable
from core.jobs import Progress
from escalation.backtest.cases import Collected, ShownCase

Key = tuple[str, int]  # kind and id of a case


class CaseSource(Protocol):
    """Who knows the cases."""

    def state(self, days: int) -> str:
        """Return a text that changes whenever ``collect`` would return something else."""

    def collect(self, *, days: int, kinds: Collection[str], limit: int) -> Collected:
        """Return the cases of the last days, at most ``limit``, the newest of each kind."""

    def read_tickets(self, *, days: int, limit: int, progress: Progress | None) -> Mapping[str, Any]:
        """Read the newest tickets without present facts, at most ``limit``; stop where the job is stopped."""

    def shown(self, keys: Collection[Key]) -> Mapping[Key, ShownCase]:
        """Return how these cases are shown; what is gone is left out."""

    def handling_minutes(self) -> float | None:
        """Return the median minutes that people take for a handoff; None where too few are known."""


_sources: list[CaseSource] = []


def offer_cases(source: CaseSource) -> None:
    """Say who knows the cases; the last to offer is asked."""
    _sources[:] = [source]


def cases_source() -> CaseSource:
    """Return who knows the cases."""
    if not _sources:
        raise Unavailable("Nobody offers cases for a back-test.", code="no_cases")
    return _sources[0]
