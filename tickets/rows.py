"""From a ticket as a source tells it to the rows that are stored of it. Writes nothing."""

from __future__ import annotations

from datetime import date

from tickets.import_plan import Write, closed_at
from tickets.models import RawText, Ticket, TicketText
from tickets.texts import (
    MASKED_ONLY,
    Texts,
    masked,
    masked_label,
    masked_labels,
    raw_conversation,
    storable,
)

MAX_TAGS = 100


def rows_of(
    write: Write, *, source: str, batch_id: int, delete_raw_after: date
) -> tuple[Ticket, TicketText, RawText]:
    """Mask the ticket's texts and return its three rows, not saved and without ids."""
    ticket = write.ticket
    texts = masked(ticket)
    return (
        _ticket(write, texts, source, batch_id),
        TicketText(
            customer_words=texts.customer_words,
            conversation=texts.conversation,
            csat_comment=texts.csat_comment,
            pipeline_version=MASKED_ONLY,
        ),
        RawText(
            subject=storable(ticket.subject),
            conversation=raw_conversation(ticket),
            csat_comment=storable(ticket.csat_comment),
            delete_after=delete_raw_after,
        ),
    )


def _ticket(write: Write, texts: Texts, source: str, batch_id: int) -> Ticket:
    ticket = write.ticket
    return Ticket(
        source=source,
        external_id=ticket.external_id,
        content_hash=write.content_hash,
        subject=texts.subject[:500],
        status=ticket.status,
        channel=_label(ticket.channel, 60),
        kind=_label(ticket.kind, 120),
        priority=_label(ticket.priority, 60),
        group=_label(ticket.group, 120),
        tags=[masked_label(tag) for tag in ticket.tags[:MAX_TAGS]],
        extra=masked_labels(ticket.extra),
        customer_external_id=_label(ticket.customer_external_id, 200),
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
        closed_at=closed_at(ticket),
        csat=ticket.csat,
        reopens=ticket.reopens,
        agent_replies=ticket.agent_replies,
        reassignments=ticket.reassignments,
        first_reply_seconds=ticket.first_reply_seconds,
        resolution_seconds=ticket.resolution_seconds,
        escalated=ticket.escalated,
        in_window=True,
        first_batch_id=batch_id,
        last_batch_id=batch_id,
    )


def _label(text: str, length: int) -> str:
    return storable(text)[:length]
