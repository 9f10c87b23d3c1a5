"""Closed tickets as they went: what customer and people said, when, and what became of it. In order of time.

For replays: cleaned and masked texts only. A text that is only masked yet is cleaned here. Returns plain
values, never rows; decides nothing about what is made of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from nlp.glossary import Glossary
from tickets.contracts import UNCLASSIFIED
from tickets.glossary import current_glossary
from tickets.messages import ticket_reference
from tickets.models import Ticket
from tickets.texts import MASKED_ONLY, message_text

READ_TICKETS = 200
MAX_TEXT = 4_000
MAX_TICKETS = 100_000
CUSTOMER, AGENT = "customer", "agent"


@dataclass(frozen=True, slots=True)
class TicketScope:
    """Which tickets: of a channel, or of a category; of both or of all where one or both are empty.

    ``since`` and ``until`` bound the time of opening; ``until`` is the first moment that is outside.
    """

    channel: str = ""
    category_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One public message of a ticket; ``author`` is the customer or an agent."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketHistory:
    """One closed ticket; ``escalation`` is a value of tickets.outcomes, "unclassified" where nobody knows."""

    ticket_id: int
    reference: str
    channel: str
    category_id: int | None
    escalation: str
    csat: int | None
    created_at: datetime
    messages: tuple[Message, ...]

    @property
    def opening(self) -> str:
        """The customer's first words; empty for a ticket that says nothing."""
        return next((said.text for said in self.messages if said.author == CUSTOMER), "")


def tickets_of(scope: TicketScope) -> list[tuple[int, datetime]]:
    """Return id and time of opening of the scope's tickets that count, oldest first (one query)."""
    rows = _in_scope(scope).order_by("created_at", "pk").values_list("pk", "created_at")
    return list(rows[:MAX_TICKETS])


def newest_tickets(scope: TicketScope, *, limit: int) -> list[int]:
    """Return the ids of the scope's newest tickets that count, oldest of them first (one query)."""
    rows = _in_scope(scope).order_by("-created_at", "-pk").values_list("pk", flat=True)
    return list(rows[:limit])[::-1]


def ticket_histories(ticket_ids: Collection[int]) -> Iterator[TicketHistory]:
    """Yield these tickets in the order given; those that are gone are left out."""
    wanted = list(ticket_ids)
    glossary = current_glossary()
    for first in range(0, len(wanted), READ_TICKETS):
        portion = wanted[first : first + READ_TICKETS]
        rows = Ticket.objects.filter(pk__in=portion).values_list(
            "pk",
            "source",
            "external_id",
            "channel",
            "classification__cluster__category_id",
            "classification__escalation_outcome",
            "csat",
            "created_at",
            "subject",
            "text__conversation",
            "text__pipeline_version",
        )
        found = {row[0]: row for row in rows}
        yield from (_history(found[pk], glossary) for pk in portion if pk in found)


def newest_opening(ticket_ids: Collection[int]) -> datetime | None:
    """Return when the newest of these tickets was opened; None where none is left."""
    wanted = sorted(ticket_ids)
    found: list[datetime] = []
    for first in range(0, len(wanted), READ_TICKETS):
        rows = Ticket.objects.filter(pk__in=wanted[first : first + READ_TICKETS])
        found += [at for at in (rows.aggregate(at=Max("created_at"))["at"],) if at is not None]
    return max(found, default=None)


def channels_of_tickets() -> list[tuple[str, int]]:
    """Return the channels of the tickets that count with their numbers, the largest first."""
    rows = Ticket.objects.counting().values_list("channel").annotate(n=Count("pk")).order_by("-n", "channel")
    return [(channel, n) for channel, n in rows[:50]]


def _in_scope(scope: TicketScope) -> QuerySet[Ticket]:
    tickets = Ticket.objects.counting().exclude(text=None)
    if scope.channel:
        tickets = tickets.filter(channel=scope.channel)
    if scope.category_id is not None:
        tickets = tickets.filter(classification__cluster__category_id=scope.category_id)
    if scope.since is not None:
        tickets = tickets.filter(created_at__gte=scope.since)
    if scope.until is not None:
        tickets = tickets.filter(created_at__lt=scope.until)
    return tickets


def _history(row: tuple[Any, ...], glossary: Glossary) -> TicketHistory:
    pk, source, external_id, channel, category, outcome, csat, created_at, subject, said, version = row
    messages = _messages(said or [], created_at, glossary if version == MASKED_ONLY else None)
    if not any(message.author == CUSTOMER for message in messages) and subject.strip():
        messages = (Message(CUSTOMER, subject.strip()[:MAX_TEXT], created_at), *messages)
    return TicketHistory(
        pk,
        ticket_reference(source, external_id),
        channel,
        category,
        outcome or UNCLASSIFIED,
        csat,
        created_at,
        messages,
    )


def _messages(
    said: list[dict[str, Any]], opened_at: datetime, glossary: Glossary | None
) -> tuple[Message, ...]:
    """Return the public messages that say something, in the order in which the source has them."""
    found: list[Message] = []
    for one in said:
        if one["author"] not in (CUSTOMER, AGENT) or not one.get("is_public", True):
            continue
        text = str(one["text"])
        if glossary is not None:
            text = message_text(text, is_html=False, glossary=glossary)
        if text.strip():
            found.append(Message(one["author"], text.strip()[:MAX_TEXT], _moment(one.get("at"), opened_at)))
    return tuple(found)


def _moment(said: Any, opened_at: datetime) -> datetime:
    """Return when a message was written; the ticket's opening where the source does not say."""
    try:
        moment = parse_datetime(str(said)) if said else None
    except ValueError:
        moment = None
    if moment is None:
        return opened_at
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
