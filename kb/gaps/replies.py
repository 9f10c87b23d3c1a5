"""The three best human replies for a gap, without those that say the same. Reads cleaned tickets only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kb.embedding import unpack
from kb.gaps.material import Material, material_of
from kb.indexing import encoder
from kb.models import Gap
from tickets.similar import GoodReply, good_replies

OFFERED = 3
LOOKED_AT = 40
NEAR_COSINE = 0.5
SAME_COSINE = 0.92  # between replies: nearer ones are one macro with other names in it


@dataclass(frozen=True, slots=True)
class Offer:
    """A reply that a draft can be made of, with the ticket that it comes from."""

    ticket_id: int
    label: str
    similarity: float
    csat: int
    question: str
    text: str
    material: Material


def best_replies(gap: Gap) -> list[Offer]:
    """Return the best replies, nearest tickets first, of equal ones only the first."""
    model = encoder()
    if gap.encoder != model.fingerprint or not gap.count:
        return []
    mean = unpack(bytes(gap.centroid), model.dimension)[0].astype(np.float32)
    vector = mean / max(float(np.linalg.norm(mean)), 1e-9)
    found = good_replies(vector, encoder=model.fingerprint, limit=LOOKED_AT, at_least=NEAR_COSINE)
    offers = [offer for reply in found if not (offer := _offer(reply)).material.is_empty]
    kept: list[Offer] = []
    vectors = model.encode([offer.text for offer in offers])
    seen: list[np.ndarray] = []
    for offer, text_vector in zip(offers, vectors, strict=True):
        if len(kept) == OFFERED:
            break
        if all(float(text_vector @ other) < SAME_COSINE for other in seen):
            kept.append(offer)
            seen.append(text_vector)
    return kept


def _offer(reply: GoodReply) -> Offer:
    return Offer(
        ticket_id=reply.ticket.ticket_id,
        label=reply.ticket.label,
        similarity=reply.ticket.similarity,
        csat=reply.csat,
        question=reply.ticket.question,
        text="\n\n".join(reply.replies),
        material=material_of(reply.replies),
    )
