"""What intents ask of the apps above them, which offer it when they start: this app imports none of those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class VersionEvidence:
    """What an app above has found out about a model version: one line beside the decision to release it."""

    title: str
    detail: str
    url: str
    is_met: bool | None = None  # None: nobody has looked yet


EvidenceSource = Callable[[int], Sequence[VersionEvidence]]

_evidence: list[EvidenceSource] = []


def offer_version_evidence(source: EvidenceSource) -> None:
    """Say who knows more of a model version, by its id; the last one to offer is asked."""
    _evidence[:] = [source]


def version_evidence(version_id: int) -> Sequence[VersionEvidence]:
    """Return what the apps above have found out about a model version."""
    return _evidence[0](version_id) if _evidence else ()
