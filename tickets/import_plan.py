"""What the rows of a source do to what is known: create, update, leave as it is, reject, or not count.

Pure: rows and what is known go in, a plan comes out. Writes nothing, cleans no text, and does not decide what
a row means (the reader of the source does).

A ticket that was known and no longer counts (reopened, merged, deleted, out of the window) is *leaving*: its
row stays, outside the audit. Of rows with the same id the one that was changed last wins; of two that were
changed at the same moment the first of a file that counts.
A row that does not count leaves no trace of an unknown ticket: an older row of the same file that does count
is noticed to be older only where the file is in order of time, as exports are, or with the next import.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import orjson

from integrations.contracts import Rejection, SourceRow, SourceTicket
from tickets.workflow import CLOSED_STATUSES

MAX_ID_LENGTH = 100
MAX_NUMBER = 2_147_483_647
EMPTY_ROW = Rejection("empty_row", "The row holds no ticket.")
NOT_UNICODE = Rejection("bad_text", "A text holds characters that are not Unicode.")
NUMBERS = ("reopens", "agent_replies", "reassignments", "first_reply_seconds", "resolution_seconds")


class Outcome(StrEnum):
    """What becomes of a row; the values name the counters of an import."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    OUTSIDE = "outside_window"


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a ticket must have been closed; both ends belong to it."""

    start: datetime
    end: datetime

    def holds(self, ticket: SourceTicket) -> bool:
        """Whether the ticket is closed, and was closed inside the window."""
        return ticket.status in CLOSED_STATUSES and self.start <= closed_at(ticket) <= self.end


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a ticket, as far as a plan needs it; an empty hash: read it anew when it counts."""

    content_hash: str
    updated_at: datetime
    batch_id: int
    in_window: bool


@dataclass(frozen=True, slots=True)
class Write:
    """A ticket to be stored whole."""

    ticket: SourceTicket
    content_hash: str


@dataclass(slots=True)
class ChunkPlan:
    """What to do for some rows. To be applied in this order: writes, seen, leaving (keys: external ids)."""

    writes: dict[str, Write] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    leaving: dict[str, SourceTicket] = field(default_factory=dict)
    rejections: list[tuple[int, Rejection]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def reject(self, line: int, rejection: Rejection) -> None:
        """Count a row as rejected and keep why."""
        self.counts[Outcome.REJECTED] += 1
        self.rejections.append((line, rejection))


def plan_chunk(
    rows: Iterable[SourceRow],
    known: Mapping[str, Known],
    *,
    window: Window,
    batch_id: int,
) -> ChunkPlan:
    """Plan the rows in order; ``known`` are the stored tickets of these ids."""
    plan = ChunkPlan()
    current = dict(known)
    for row in rows:
        rejection = row.rejection or _problem(row.ticket)
        if rejection is not None or row.ticket is None:
            plan.reject(row.line, rejection or EMPTY_ROW)
            continue
        ticket, before = row.ticket, current.get(row.ticket.external_id)
        try:
            content_hash = hash_of(ticket)
        except orjson.JSONEncodeError:
            plan.reject(row.line, NOT_UNICODE)
            continue
        outcome = decide(ticket, content_hash, before, window=window, batch_id=batch_id)
        plan.counts[outcome] += 1
        if outcome is Outcome.OUTSIDE and ticket.status not in CLOSED_STATUSES:
            plan.counts["not_closed"] += 1
        after = _place(plan, ticket, content_hash, outcome, before, batch_id)
        if after is not None:
            current[ticket.external_id] = after
    plan.counts["rows_in"] = sum(plan.counts[outcome] for outcome in Outcome)
    return plan


def decide(
    ticket: SourceTicket, content_hash: str, known: Known | None, *, window: Window, batch_id: int
) -> Outcome:
    """Say what becomes of one sound row."""
    counts = window.holds(ticket)
    if known is None:
        return Outcome.CREATED if counts else Outcome.OUTSIDE
    if not counts:
        return Outcome.OUTSIDE
    if content_hash == known.content_hash:
        return Outcome.UNCHANGED if known.in_window else Outcome.UPDATED
    return Outcome.UNCHANGED if _is_stale(ticket, content_hash, known, batch_id) else Outcome.UPDATED


def closed_at(ticket: SourceTicket) -> datetime:
    """Return when the ticket was closed; where the source does not say, its last change stands for it."""
    return ticket.closed_at or ticket.updated_at


def is_sound_id(external_id: str) -> bool:
    """Whether a ticket can be stored and found under this id."""
    return 0 < len(external_id) <= MAX_ID_LENGTH and external_id.isprintable()


def hash_of(ticket: SourceTicket) -> str:
    """Return the sha256 of all that a source says of a ticket.

    Raises orjson.JSONEncodeError where a text is not Unicode (a lone surrogate).
    """
    content = orjson.dumps(ticket, default=dict, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


def _place(
    plan: ChunkPlan,
    ticket: SourceTicket,
    content_hash: str,
    outcome: Outcome,
    before: Known | None,
    batch_id: int,
) -> Known | None:
    """Put the row where its outcome belongs; return what is known of the ticket then, if that is new."""
    key = ticket.external_id
    if outcome in (Outcome.CREATED, Outcome.UPDATED):
        plan.writes[key] = Write(ticket, content_hash)
        plan.leaving.pop(key, None)
        return Known(content_hash, ticket.updated_at, batch_id, in_window=True)
    if before is None or _is_stale(ticket, content_hash, before, batch_id):
        return None
    if outcome is Outcome.OUTSIDE and before.in_window:
        plan.leaving[key] = ticket
        return Known("", ticket.updated_at, batch_id, in_window=False)
    if outcome is Outcome.UNCHANGED:
        plan.seen.add(key)
        return Known(before.content_hash, before.updated_at, batch_id, before.in_window)
    return None


def _is_stale(ticket: SourceTicket, content_hash: str, known: Known, batch_id: int) -> bool:
    """Whether something newer is known: changed later, or just then by an earlier row of the same file."""
    if ticket.updated_at == known.updated_at:
        is_other = content_hash != known.content_hash
        return is_other and known.batch_id == batch_id and known.in_window
    return ticket.updated_at < known.updated_at


def _problem(ticket: SourceTicket | None) -> Rejection | None:
    """Say why a ticket that a reader let pass cannot be stored."""
    if ticket is None:
        return None
    if not is_sound_id(ticket.external_id):
        return Rejection("bad_id", f"The ticket's id must be 1 to {MAX_ID_LENGTH} printable characters.")
    if ticket.csat is not None and not 1 <= ticket.csat <= 5:
        return Rejection("bad_csat", f"CSAT is {ticket.csat}; it must be 1 to 5.")
    for name in NUMBERS:
        number = getattr(ticket, name)
        if number is not None and not 0 <= number <= MAX_NUMBER:
            return Rejection("bad_number", f"{name} is {number}; it must be 0 to {MAX_NUMBER}.")
    moments = [
        ticket.created_at,
        ticket.updated_at,
        ticket.closed_at,
        *(m.created_at for m in ticket.messages),
    ]
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        return Rejection("bad_time", "A time has no time zone.")
    return None
