"""What others may read of closed tickets. Returns plain values, never rows; raw texts are not among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tickets.contracts import AuditTicket, TicketCounts
from tickets.models import ImportBatch, Ticket
from tickets.workflow import DONE

COUNTERS = ("rows_in", "created", "updated", "unchanged", "rejected", "outside_window", "not_closed")
READ_ROWS = 1_000


def ticket_counts() -> TicketCounts:
    """Count what the dashboard shows."""
    last = (
        ImportBatch.objects.filter(state=DONE).order_by("-finished_at").values_list("finished_at", flat=True)
    )
    return TicketCounts(counting=Ticket.objects.counting().count(), last_import_at=last.first())


def counting_tickets() -> Iterator[AuditTicket]:
    """Yield the tickets that count, by id, with constant memory."""
    tickets = Ticket.objects.counting().select_related("text").order_by("pk")
    for ticket in tickets.iterator(chunk_size=READ_ROWS):
        yield AuditTicket(
            ticket_id=ticket.pk,
            source=ticket.source,
            external_id=ticket.external_id,
            subject=ticket.subject,
            customer_words=ticket.text.customer_words,
            kind=ticket.kind,
            group=ticket.group,
            tags=tuple(ticket.tags),
            closed_at=ticket.closed_at,
            csat=ticket.csat,
            reopens=ticket.reopens,
            agent_replies=ticket.agent_replies,
            reassignments=ticket.reassignments,
            first_reply_seconds=ticket.first_reply_seconds,
            resolution_seconds=ticket.resolution_seconds,
            escalated=ticket.escalated,
        )


def import_report(batch: ImportBatch, *, seconds: float, rejections: int) -> dict[str, Any]:
    """Return an import as JSON can hold it, with its window, its counters and its first rejections."""
    return {
        "import": batch.pk,
        "source": batch.source,
        "file": batch.file_name,
        "sha256": batch.file_sha256,
        "state": batch.state,
        "window_days": batch.window_days,
        "window_start": batch.window_start.isoformat(),
        "window_end": batch.window_end.isoformat(),
        **{name: getattr(batch, name) for name in COUNTERS},
        "rejections": list(batch.rejections.values("line", "code", "message")[:rejections]),
        "seconds": round(seconds, 3),
        "rows_per_second": round(batch.rows_in / seconds) if seconds > 0 else None,
    }
