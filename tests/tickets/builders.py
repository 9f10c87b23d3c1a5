"""Tickets as a reader would hand them on, and a source that is a list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.actors import Actor
from core.errors import InvalidInput
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


def open_lines(path: Path, name: str, mapping: Mapping[str, Any] | None = None) -> ListSource:
    """Open a file of one JSON object a line: {"id", "days_ago" or "closed_at"} or {"reject"}."""
    rows = []
    for line, text in enumerate(path.read_text().splitlines(), start=1):
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"Line {line} is not JSON.", code="not_json") from error
        if "reject" in fields:
            rows.append(SourceRow(line, rejection=Rejection("bad_row", fields["reject"])))
            continue
        if "closed_at" in fields:
            closed_at = datetime.fromisoformat(fields["closed_at"])
        else:
            closed_at = datetime.now(UTC) - timedelta(days=fields["days_ago"])
        made = ticket(
            fields["id"], closed_at=closed_at, updated_at=closed_at, status=fields.get("status", "closed")
        )
        rows.append(SourceRow(line, ticket=made))
    return ListSource(rows)
