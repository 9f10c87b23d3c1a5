"""What crosses the border of tickets upwards: plain values, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from core.proportions import Share

NOTHING = Share(0, 0)
UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class TicketCounts:
    """What the dashboard shows of closed tickets."""

    counting: int
    last_import_at: datetime | None
    core_categories: int
    unlabelled_categories: int
    signed_version: int | None


@dataclass(frozen=True, slots=True)
class TypicalTicket:
    """A ticket that stands for many: ``question`` as it is encoded, ``opening`` as the customer began."""

    ticket_id: int
    question: str
    opening: str
    closed_on: date


@dataclass(frozen=True, slots=True)
class TypicalTickets:
    """A category with its volume and its most typical tickets, the most typical first."""

    name: str
    volume: int
    tickets: tuple[TypicalTicket, ...]


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


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """What the tickets of one category show; ``category_id`` None: of no category yet, or of all.

    ``escalated`` is of the tickets whose outcome is known; the flags are of all tickets; ``paths`` and
    ``outcomes`` count tickets by resolution path and by escalation outcome. Times in seconds.
    """

    category_id: int | None
    name: str
    tickets: int = 0
    escalated: Share = NOTHING
    judgement: Share = NOTHING
    policy_exception: Share = NOTHING
    multi_system: Share = NOTHING
    reopened: Share = NOTHING
    csat_good: Share = NOTHING
    csat_sum: int = 0
    touches_sum: int = 0
    touches_known: int = 0
    paths: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    resolution_count: int = 0
    resolution_median_seconds: int | None = None
    resolution_p90_seconds: int | None = None

    @property
    def csat_mean(self) -> float | None:
        """Mean rating, 1 to 5."""
        return self.csat_sum / self.csat_good.whole if self.csat_good.whole else None

    @property
    def touches_per_ticket(self) -> float | None:
        """Mean replies of agents per ticket."""
        return self.touches_sum / self.touches_known if self.touches_known else None

    def path_share(self, path: str) -> Share:
        """Return the share of a resolution path among the tickets whose path is known."""
        known = sum(count for name, count in self.paths.items() if name != UNCLASSIFIED)
        return Share(self.paths.get(path, 0), known)


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """One line of the map: a category as it was decided, what was suggested, and its figures."""

    category_id: int
    name: str
    is_core: bool
    label: str
    label_reason: str
    labelled_by: str
    needs_judgement: bool
    policy_exception: bool
    multi_system: bool
    figures: CategoryFigures
    always_escalated: bool
    share: float
    cumulative_share: float


@dataclass(frozen=True, slots=True)
class FlaggedCategory:
    """A category that carries flags: judgement, policy exception, several systems, as words."""

    category_id: int
    name: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketAudit:
    """Everything that the map says of tickets: the lines by volume, the rest, and all together."""

    window_start: datetime | None
    window_end: datetime | None
    sources: Mapping[str, int]
    total: CategoryFigures
    lines: tuple[CategoryLine, ...]
    unclassified: CategoryFigures
    pivot: Mapping[tuple[int | None, str, str], int]  # category, resolution path, outcome → tickets

    @property
    def core(self) -> tuple[CategoryLine, ...]:
        """The lines that the training starts with."""
        return tuple(line for line in self.lines if line.is_core)


@dataclass(frozen=True, slots=True)
class SignedCategory:
    """A category as the signed map says it; ``share`` of all tickets of the window, 0 to 1.

    ``is_in_use`` is False for one that has been retired or merged away since; ``flags`` are words.
    """

    category_id: int
    name: str
    description: str
    is_core: bool
    label: str
    label_name: str
    label_reason: str
    flags: tuple[str, ...]
    tickets: int
    share: float
    is_in_use: bool


@dataclass(frozen=True, slots=True)
class SignedMap:
    """The signed map that holds now, its categories by volume; ``tickets`` of the whole window."""

    version: int
    signed_at: datetime
    signed_by: str
    tickets: int
    categories: tuple[SignedCategory, ...]


@dataclass(frozen=True, slots=True)
class SignedBaseline:
    """How often tickets were escalated before AI, as signed: of all, and by category id.

    Of the tickets whose outcome is known.
    """

    version: int
    window_start: datetime
    window_end: datetime
    escalated: Share
    by_category: Mapping[int, Share]


@dataclass(frozen=True, slots=True)
class SignedFigures:
    """How support did before AI, as signed, for one category or for all tickets that count.

    ``csat_good`` is the share of ratings of 4 and 5; the median is None where no time is known.
    """

    version: int
    name: str
    window_start: datetime
    window_end: datetime
    tickets: int
    escalated: Share
    csat_good: Share
    resolution_median_seconds: int | None
    resolution_count: int


@dataclass(frozen=True, slots=True)
class TicketOpening:
    """How a customer began a ticket, cleaned and masked, and the category it is in (no id: in none)."""

    ticket_id: int
    category_id: int | None
    category: str
    text: str
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class EndedTicket:
    """How a closed ticket began, in the customer's cleaned and masked words, and whether it was escalated.

    ``escalation`` is a value of tickets.outcomes; "unclassified" where the audit has not looked yet.
    """

    ticket_id: int
    text: str
    channel: str
    escalation: str
    created_at: datetime
    closed_at: datetime
