"""What the adapters hand on: closed tickets in one shape, whatever help desk they come from.

Texts are raw here: cleaning and masking personal data is the business of whoever keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Author = Literal["customer", "agent", "system"]
Status = Literal["new", "open", "pending", "hold", "solved", "closed", "merged", "deleted"]


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """One comment of a ticket; ``body`` is HTML where ``is_html``. ``is_public`` false: an agents' note."""

    author: Author
    body: str
    created_at: datetime
    external_id: str = ""
    author_external_id: str = ""
    is_html: bool = False
    is_public: bool = True


@dataclass(frozen=True, slots=True)
class SourceTicket:
    """One ticket with its messages in order of time; all times are aware. None: the source does not say."""

    source: str  # zendesk, freshdesk, intercom, csv
    external_id: str
    subject: str
    status: Status
    created_at: datetime
    updated_at: datetime
    messages: tuple[SourceMessage, ...]
    closed_at: datetime | None = None  # when it was last solved or closed
    channel: str = ""
    kind: str = ""  # the help desk's own type or category
    priority: str = ""
    customer_external_id: str = ""
    group: str = ""  # the team that had it last
    tags: tuple[str, ...] = ()
    csat: int | None = None  # 1 to 5; good and bad are 5 and 1
    csat_comment: str = ""
    reopens: int | None = None
    agent_replies: int | None = None
    reassignments: int | None = None  # agents or groups it went through after the first
    first_reply_seconds: int | None = None
    resolution_seconds: int | None = None  # from creation to the last resolution
    escalated: bool | None = None  # whether it went beyond the first line, where the source says so
    extra: Mapping[str, str] = field(default_factory=dict)  # other fields worth keeping, as texts


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row cannot be taken: a stable code, and a sentence for the person who mends the file."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a source: its line (or number, from 1) and either the ticket or why there is none."""

    line: int
    ticket: SourceTicket | None = None
    rejection: Rejection | None = None


class TicketSource(Protocol):
    """A stream of tickets; reads bit by bit, so that memory stays constant."""

    name: str

    def rows(self) -> Iterator[SourceRow]:
        """Yield each row of the source once, in order; a bad row is yielded as rejected, never raised.

        Raises core.errors.InvalidInput when the source as a whole cannot be read.
        """
        ...

    def count(self) -> int:
        """Return about how many rows there are; raises InvalidInput where it is seen that ``rows`` would."""
        ...
