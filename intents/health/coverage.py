"""How much of what customers write now the live model understands, and what it does not. Pure.

A message is understood where the live model does not fall back. Messages that are not understood are put
together with their likes, so that a person sees what is missing, the largest group first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

LEAST_CLUSTER = 3  # fewer alike messages are no topic yet
CUT_DISTANCE = 0.6  # mean cosine distance of two groups that are still one topic
MAX_CLUSTERS = 10
SHOWN_TICKETS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What the live model made of one ticket's opening words."""

    ticket_id: int
    category_id: int | None
    category: str
    intent: str
    is_understood: bool


@dataclass(frozen=True, slots=True)
class CategoryCoverage:
    """How many of a category's recent tickets were understood; no id: of no category."""

    category_id: int | None
    category: str
    understood: int
    tickets: int


@dataclass(frozen=True, slots=True)
class UncoveredTopic:
    """Messages that are alike and were not understood: how many, the most typical, and their category."""

    tickets: int
    typical: tuple[int, ...]
    category_id: int | None
    category: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """All of it: by category with the most misunderstood tickets first, topics by size, intents by volume."""

    understood: int
    tickets: int
    categories: tuple[CategoryCoverage, ...]
    topics: tuple[UncoveredTopic, ...]
    volume: dict[str, int]


def coverage_of(readings: Sequence[Reading], vectors: np.ndarray) -> Coverage:
    """Sum up the readings; ``vectors`` (n, d) are the unit sentence vectors of the same messages."""
    categories: dict[int | None, list[Reading]] = {}
    volume: dict[str, int] = {}
    for reading in readings:
        categories.setdefault(reading.category_id, []).append(reading)
        if reading.is_understood:
            volume[reading.intent] = volume.get(reading.intent, 0) + 1
    lines = [
        CategoryCoverage(pk, rows[0].category, sum(r.is_understood for r in rows), len(rows))
        for pk, rows in categories.items()
    ]
    lines.sort(key=lambda line: (line.understood - line.tickets, line.category))
    missed = [i for i, reading in enumerate(readings) if not reading.is_understood]
    return Coverage(
        understood=len(readings) - len(missed),
        tickets=len(readings),
        categories=tuple(lines),
        topics=_topics([readings[i] for i in missed], vectors[missed]),
        volume=volume,
    )


def _topics(missed: list[Reading], vectors: np.ndarray) -> tuple[UncoveredTopic, ...]:
    if len(missed) < LEAST_CLUSTER:
        return ()
    labels = fcluster(linkage(pdist(vectors, "cosine"), "average"), CUT_DISTANCE, "distance")
    topics = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < LEAST_CLUSTER:
            continue
        nearness = vectors[rows] @ vectors[rows].mean(axis=0)
        typical = rows[np.argsort(-nearness, kind="stable")[:SHOWN_TICKETS]]
        counts: dict[tuple[int | None, str], int] = {}
        for i in rows:
            key = (missed[i].category_id, missed[i].category)
            counts[key] = counts.get(key, 0) + 1
        category_id, category = max(counts, key=lambda key: (counts[key], key[1]))
        ids = tuple(missed[i].ticket_id for i in typical)
        topics.append(UncoveredTopic(len(rows), ids, category_id, category))
    return tuple(sorted(topics, key=lambda topic: (-topic.tickets, topic.typical))[:MAX_CLUSTERS])
