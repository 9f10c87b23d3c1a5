"""Closed tickets that resemble something, and the replies that settled them. Cleaned and masked texts only.

Reads vectors block by block, so memory stays the same however many tickets there are. Decides nothing about
what is made of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet

from tickets.models import Classification, Ticket, TicketText, TicketVector
from tickets.texts import MASKED_ONLY
from tickets.vectors import unpack

READ_VECTORS = 5_000
GOOD_CSAT = 4
FEW_REPLIES = 2
UNHAPPY_ENDS = (Classification.Escalation.ESCALATED, Classification.Escalation.REASSIGNED)


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """A ticket with its cosine to what was asked for; ``label`` is how people know it."""

    ticket_id: int
    label: str
    similarity: float
    question: str


@dataclass(frozen=True, slots=True)
class GoodReply:
    """A ticket that few replies settled well, with what agents wrote in public, first to last."""

    ticket: SimilarTicket
    csat: int
    replies: tuple[str, ...]


def nearest_tickets(vector: np.ndarray, *, encoder: str, limit: int, at_least: float) -> list[SimilarTicket]:
    """Return the counting tickets nearest to a unit vector (d,), nearest first, with their first message."""
    near = _nearest(TicketVector.objects.filter(ticket__in_window=True), vector, encoder, limit, at_least)
    return list(_similar(near).values())


def good_replies(vector: np.ndarray, *, encoder: str, limit: int, at_least: float) -> list[GoodReply]:
    """Return tickets near a unit vector (d,) that were settled well, nearest first.

    Settled well: at most two agents' replies, CSAT of 4 or 5, never opened again, not passed on. What is not
    known counts against a ticket. Texts that are only masked and not cleaned yet are left out.
    """
    well = (
        TicketVector.objects.filter(
            ticket__in_window=True,
            ticket__csat__gte=GOOD_CSAT,
            ticket__reopens=0,
            ticket__agent_replies__range=(1, FEW_REPLIES),
        )
        .exclude(ticket__text__pipeline_version=MASKED_ONLY)
        .exclude(ticket__classification__escalation_outcome__in=UNHAPPY_ENDS)
    )
    near = _nearest(well, vector, encoder, limit, at_least)
    similar = _similar(near)
    rated = Ticket.objects.filter(pk__in=similar).values_list("pk", "csat")
    csat = {pk: value or 0 for pk, value in rated}
    replies = _agents_words(similar)
    return [GoodReply(ticket, csat[pk], replies[pk]) for pk, ticket in similar.items() if replies.get(pk)]


def _nearest(
    rows: QuerySet[TicketVector], vector: np.ndarray, encoder: str, limit: int, at_least: float
) -> dict[int, float]:
    """Return cosines by ticket id, nearest first, equals by id."""
    best: list[tuple[float, int]] = []
    block: list[tuple[int, bytes | memoryview]] = []

    def take() -> None:
        if not block:
            return
        cosines = unpack([stored for _, stored in block]) @ vector
        best.extend(
            (float(cosine), pk) for (pk, _), cosine in zip(block, cosines, strict=True) if cosine >= at_least
        )
        best.sort(key=lambda pair: (-pair[0], pair[1]))
        del best[limit:]
        block.clear()

    found = rows.filter(encoder=encoder).order_by("pk").values_list("pk", "vector")
    for row in found.iterator(chunk_size=READ_VECTORS):
        block.append(row)
        if len(block) == READ_VECTORS:
            take()
    take()
    return {pk: cosine for cosine, pk in best}


def _similar(near: dict[int, float]) -> dict[int, SimilarTicket]:
    tickets = {row.pk: row for row in Ticket.objects.filter(pk__in=near)}
    texts = dict(TicketText.objects.filter(pk__in=near).values_list("pk", "conversation"))
    return {
        pk: SimilarTicket(pk, str(tickets[pk]), round(cosine, 4), _first_words(texts.get(pk) or []))
        for pk, cosine in near.items()
        if pk in tickets
    }


def _first_words(conversation: list[dict[str, object]]) -> str:
    for message in conversation:
        if message["author"] == "customer" and message["is_public"] and message["text"]:
            return str(message["text"])
    return ""


def _agents_words(ticket_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    rows = TicketText.objects.filter(pk__in=ticket_ids).values_list("pk", "conversation")
    return {
        pk: tuple(
            str(message["text"])
            for message in conversation
            if message["author"] == "agent" and message["is_public"] and message["text"]
        )
        for pk, conversation in rows
    }
