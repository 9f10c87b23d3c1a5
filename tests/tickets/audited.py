"""Tickets whose topics, ends and figures are known, and an encoder that needs no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from integrations.contracts import SourceMessage, SourceTicket
from tests.tickets.builders import NOW, SYSTEM, imported, ticket
from tickets.models import Category, Classification, Cluster, Clustering, Ticket
from tickets.services.classifying import Budget, outcomes_update, vectors_update
from tickets.services.proposing import categories_propose
from tickets.vectors import stored_floats

DIMENSION = 384


class WordsEncoder:
    """A text's vector is the sum of its words' fixed random directions, so that shared words are near."""

    fingerprint = "words"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = [
            np.sum([_direction(word) for word in text.lower().split()] or [np.zeros(DIMENSION)], axis=0)
            for text in texts
        ]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), DIMENSION)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def clear_cache(self) -> None:
        """Keep nothing anyway."""


def _direction(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).normal(size=DIMENSION)


def about(
    topic: str, number: int, *, reply: str = "You can change it under Settings.", **changes: Any
) -> SourceTicket:
    """Return a closed ticket about a topic, answered with the reply."""
    at = NOW - timedelta(days=3)
    return ticket(
        f"{topic}-{number}",
        subject=topic,
        messages=(
            SourceMessage("customer", f"{topic} {topic} question {number}", at),
            SourceMessage("agent", reply, at + timedelta(hours=1)),
        ),
        **changes,
    )


def run_outcomes_and_vectors() -> None:
    """Do the first two steps of an audit."""
    budget = Budget.of(60)
    assert outcomes_update(budget)
    assert vectors_update(budget, WordsEncoder())  # type: ignore[arg-type]


def audited(*tickets: SourceTicket) -> Clustering | None:
    """Import the tickets and propose categories for them."""
    imported(*tickets)
    run_outcomes_and_vectors()
    return categories_propose(actor=SYSTEM, encoder="words")


def category(name: str, *tickets: SourceTicket, clusters: int = 1, **fields: Any) -> Category:
    """Make a category of these tickets by hand, in so many clusters."""
    imported(*tickets)
    assert outcomes_update(Budget.of(60))
    run = Clustering.objects.first() or Clustering.objects.create(
        seed=1, encoder="words", tickets=0, mean=b"", least_similarity=0.0, made_by="tests"
    )
    made = Category.objects.create(name=name, **fields)
    common = {"clustering": run, "category": made, "size": 1}
    rows = [
        Cluster.objects.create(
            centroid=stored_floats(_direction(f"{name}{n}")), terms=[name, str(n)], **common
        )
        for n in range(clusters)
    ]
    ids = [source.external_id for source in tickets]
    for place, pk in enumerate(
        Ticket.objects.filter(external_id__in=ids).order_by("pk").values_list("pk", flat=True)
    ):
        Classification.objects.filter(pk=pk).update(cluster=rows[place % clusters], similarity=0.9)
    return made
