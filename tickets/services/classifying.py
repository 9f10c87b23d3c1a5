"""A run of the audit over the tickets that count: outcomes, vectors, clusters. Resumable at every step.

Each step looks for the tickets that it has not seen as they are now, does some of them, and stores them; a
run that is killed goes on there. The encoder and the clustering work outside of any transaction.
Decides nothing about categories that people have made: with clusters there, tickets are only assigned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from django.db import transaction
from django.db.models import F, Q

from nlp.clustering import assign
from nlp.encoder import SentenceEncoder
from tickets import outcomes
from tickets.models import Classification, Cluster, Clustering, Ticket, TicketText, TicketVector
from tickets.vectors import floats, pack, text_to_encode, unpack

CHUNK_OUTCOMES = 500
CHUNK_VECTORS = 256
CHUNK_ASSIGNED = 2_000

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Budget:
    """Until when a run may work before it lets the next job go on; ``progress`` tells how far it is."""

    until: float
    progress: Progress

    @classmethod
    def of(cls, seconds: float, progress: Progress | None = None) -> Budget:
        """Return a budget of so many seconds from now."""
        return cls(time.monotonic() + seconds, progress or (lambda done, total, message: None))

    @property
    def is_spent(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until


def outcomes_update(budget: Budget) -> bool:
    """Classify how tickets ended that the rules have not read as they are; return whether all are done."""
    unread = Q(classification=None) | ~Q(
        classification__content_hash=F("content_hash"), classification__rules_version=outcomes.RULES_VERSION
    )
    waiting = Ticket.objects.counting().filter(unread)
    total, done = waiting.count(), 0
    while ids := list(waiting.order_by("pk").values_list("pk", flat=True)[:CHUNK_OUTCOMES]):
        _store_outcomes([_classified(ticket) for ticket in _with_text(ids)])
        done += len(ids)
        budget.progress(done, total, "Reading how tickets ended")
        if budget.is_spent:
            return False
    return True


def vectors_update(budget: Budget, encoder: SentenceEncoder) -> bool:
    """Encode the words of each ticket that has no vector as it is now; return whether all are done."""
    unknown = Q(vector=None) | ~Q(vector__content_hash=F("content_hash"), vector__encoder=encoder.fingerprint)
    waiting = Ticket.objects.counting().filter(unknown)
    total, done = waiting.count(), 0
    while ids := list(waiting.order_by("pk").values_list("pk", flat=True)[:CHUNK_VECTORS]):
        tickets = _with_text(ids)
        texts = [text_to_encode(ticket.subject, _words(ticket)) for ticket in tickets]
        vectors = encoder.encode(texts)
        encoder.clear_cache()  # hardly two tickets are the same, and token vectors are large
        rows = [
            TicketVector(
                ticket_id=ticket.pk,
                content_hash=ticket.content_hash,
                encoder=encoder.fingerprint,
                vector=pack(vector) if text else b"",
            )
            for ticket, text, vector in zip(tickets, texts, vectors, strict=True)
        ]
        TicketVector.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["ticket"],
            update_fields=["content_hash", "encoder", "vector"],
        )
        done += len(ids)
        budget.progress(done, total, "Encoding what customers wrote")
        if budget.is_spent:
            return False
    return True


def tickets_assign(budget: Budget, clustering: Clustering) -> bool:
    """Put each ticket without a cluster into the nearest one, if near enough; return whether all are done.

    Those that a person has moved stay where they are.
    """
    clusters = list(Cluster.objects.filter(category__retired_at=None).order_by("pk"))
    if not clusters:
        return True
    centroids = np.stack([floats(cluster.centroid) for cluster in clusters])
    mean = floats(clustering.mean)
    waiting = (
        Classification.objects.filter(ticket__in_window=True, cluster=None, by_hand=False)
        .exclude(ticket__vector__vector=b"")
        .order_by("pk")
    )
    total, done, last = waiting.count(), 0, 0
    while rows := list(
        waiting.filter(pk__gt=last).values_list("pk", "ticket__vector__vector")[:CHUNK_ASSIGNED]
    ):
        last = rows[-1][0]
        known = [(pk, vector) for pk, vector in rows if vector]
        if known:
            best, near = assign(unpack([vector for _, vector in known]), centroids, mean)
            _store_assignments(
                [
                    (pk, clusters[place].pk, float(similarity))
                    for (pk, _), place, similarity in zip(known, best, near, strict=True)
                    if similarity >= clustering.least_similarity
                ]
            )
        done += len(rows)
        budget.progress(done, total, "Assigning tickets to categories")
        if budget.is_spent:
            return False
    return True


def _with_text(ids: Sequence[int]) -> list[Ticket]:
    tickets = Ticket.objects.filter(pk__in=ids).select_related("text").order_by("pk")
    return list(tickets.defer("extra"))


def _words(ticket: Ticket) -> str:
    text: TicketText | None = getattr(ticket, "text", None)
    return text.customer_words if text else ""


def _classified(ticket: Ticket) -> Classification:
    text: TicketText | None = getattr(ticket, "text", None)
    found = outcomes.outcome_of(
        outcomes.Facts(
            conversation=[
                outcomes.Said(message["author"], message["text"], message["is_public"])
                for message in (text.conversation if text else [])
            ],
            group=ticket.group,
            tags=ticket.tags,
            escalated=ticket.escalated,
            reassignments=ticket.reassignments,
            agent_replies=ticket.agent_replies,
        )
    )
    values = asdict(found)
    return Classification(
        ticket=ticket,
        resolution_path=values.pop("path"),
        escalation_outcome=values.pop("escalation"),
        content_hash=ticket.content_hash,
        rules_version=outcomes.RULES_VERSION,
        **values,
    )


@transaction.atomic
def _store_outcomes(rows: Sequence[Classification]) -> None:
    """Store the rules' findings; a ticket whose words have changed loses its cluster, unless put by hand."""
    ids = [row.pk for row in rows]
    changed = Classification.objects.filter(pk__in=ids, by_hand=False)
    changed.exclude(content_hash=F("ticket__content_hash")).update(cluster=None, similarity=None)
    Classification.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ticket"],
        update_fields=[
            "resolution_path",
            "escalation_outcome",
            "needs_judgement",
            "policy_exception",
            "multi_system",
            "evidence",
            "content_hash",
            "rules_version",
        ],
    )


@transaction.atomic
def _store_assignments(found: Sequence[tuple[int, int, float]]) -> None:
    rows = [Classification(pk=pk, cluster_id=cluster, similarity=near) for pk, cluster, near in found]
    Classification.objects.bulk_update(rows, ["cluster", "similarity"], batch_size=500)
