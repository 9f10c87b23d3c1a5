"""What crosses the border of tickets upwards: plain values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TicketCounts:
    """What the dashboard shows of closed tickets."""

    counting: int
    last_import_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditTicket:
    """A ticket that counts, as later steps read it: cleaned and masked text only."""

    ticket_id: int
    source: str
    external_id: str
    subject: str
    customer_words: str
    kind: str
    group: str
    tags: tuple[str, ...]
    closed_at: datetime
    csat: int | None
    reopens: int | None
    agent_replies: int | None
    reassignments: int | None
    first_reply_seconds: int | None
    resolution_seconds: int | None
    escalated: bool | None
