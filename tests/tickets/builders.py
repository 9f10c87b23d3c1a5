"""Tickets as a reader would hand them on, and a source that is a list."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.actors import Actor
from integrations.contracts import Rejection, SourceMessage, SourceRow, SourceTicket
from tickets.models import ImportBatch, RawText, Ticket, TicketText
from tickets.services import batch_apply, batch_create
from tickets.uploads import Upload

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SYSTEM = Actor.system("tests")
UPLOAD = Upload("closed.csv", "0" * 64, 10)


class ListSource:
    """A source of rows that are there already; its second pass raises ``error`` before row ``cut_at``."""

    name = "csv"

    def __init__(
        self, rows: list[SourceRow], *, cut_at: int = -1, error: BaseException | None = None
    ) -> None:
        self._rows, self._cut_at, self._error = rows, cut_at, error
        self.passes = 0

    def count(self) -> int:
        self.passes += 1
        return len(self._rows)

    def rows(self) -> Iterator[SourceRow]:
        self.passes += 1
        for number, row in enumerate(self._rows):
            if number == self._cut_at and self._error is not None and self.passes > 1:
                raise self._error
            yield row


def ticket(external_id: str = "1", *, closed_days_ago: float = 10, **changes: Any) -> SourceTicket:
    """Return a closed ticket of one customer's message and one answer."""
    closed_at = NOW - timedelta(days=closed_days_ago)
    created_at = closed_at - timedelta(hours=5)
    made = SourceTicket(
        source="csv",
        external_id=external_id,
        subject="Invoice twice",
        status="closed",
        created_at=created_at,
        updated_at=closed_at,
        closed_at=closed_at,
        messages=(
            SourceMessage("customer", "I was charged twice. Mail kim@example.com", created_at),
            SourceMessage("agent", "We refunded one of them.", created_at + timedelta(hours=1)),
        ),
    )
    return replace(made, **changes)


def rows_of(*tickets: SourceTicket | Rejection) -> list[SourceRow]:
    """Return rows numbered from 1."""
    return [
        SourceRow(line, rejection=item) if isinstance(item, Rejection) else SourceRow(line, ticket=item)
        for line, item in enumerate(tickets, start=1)
    ]


def new_batch(**changes: Any) -> ImportBatch:
    """Return a queued import whose window ends now."""
    return batch_create(**{"actor": SYSTEM, "source": "csv", "upload": UPLOAD, "now": NOW, **changes})


def imported(*tickets: SourceTicket | Rejection, **changes: Any) -> ImportBatch:
    """Import the tickets and return the batch."""
    return batch_apply(actor=SYSTEM, batch=new_batch(**changes), source=ListSource(rows_of(*tickets)))


def counters(batch: ImportBatch) -> dict[str, int]:
    """Return the counters that are not zero."""
    names = ("created", "updated", "unchanged", "rejected", "outside_window", "not_closed")
    return {name: count for name in names if (count := getattr(batch, name))}


def stored() -> list[list[dict[str, Any]]]:
    """Return everything that is stored of tickets, without ids and batches, in a stable order."""
    numbers = {"id", "ticket_id", "first_batch_id", "last_batch_id"}
    tables = []
    for model, key in (
        (Ticket, "external_id"),
        (TicketText, "ticket__external_id"),
        (RawText, "ticket__external_id"),
    ):
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in numbers]
        tables.append(list(model._default_manager.order_by(key).values(key, *names)))
    return tables


def csv_of(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return a CSV export of lines {"id", "days_ago" or "closed_at", "status"?}, or {"reject"}: a bad row."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["Ticket ID", "Created at", "Closed at", "Status", "Subject", "Message", "Reply"])
    for line in lines:
        if "reject" in line:
            writer.writerow(["", NOW.isoformat(), NOW.isoformat(), "closed", line["reject"], "", ""])
            continue
        made = ticket(line["id"])
        closed_at = line["closed_at"] if "closed_at" in line else _ago(line["days_ago"])
        created_at = made.created_at.isoformat()
        texts = [made.subject, *(message.body for message in made.messages)]
        writer.writerow([made.external_id, created_at, closed_at, line.get("status", "closed"), *texts])
    return stream.getvalue()


def zendesk_of(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a Zendesk export of lines {"id", "days_ago"}, one JSON object a line."""
    rows = []
    for line in lines:
        closed_at = _ago(line["days_ago"])
        made = ticket(line["id"])
        comment = {"id": 1, "author_id": 7, "body": made.messages[0].body, "public": True}
        rows.append(
            {
                "id": int(line["id"]),
                "status": "closed",
                "subject": made.subject,
                "created_at": made.created_at.isoformat(),
                "updated_at": closed_at,
                "requester_id": 7,
                "comments": [{**comment, "created_at": closed_at}],
                "metric_set": {"solved_at": closed_at},
            }
        )
    return "\n".join(map(json.dumps, rows)).encode()


def _ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()
