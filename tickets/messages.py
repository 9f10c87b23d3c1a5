"""What customers wrote in closed tickets, message by message, and how others refer to a ticket.

Cleaned and masked texts only; texts that are masked but not cleaned yet are left out. Returns plain values,
never rows. Decides nothing about what is made of a message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from tickets.models import Classification, Ticket, TicketText
from tickets.models.imports import Source
from tickets.texts import MASKED_ONLY

READ_TICKETS = 500
FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """What a customer opened a ticket with, on one line: the first message that says something.

    ``reference`` names the ticket in any other app; ``category_id`` is None where it is in no category.
    """

    ticket_id: int
    reference: str
    text: str
    category_id: int | None
    closed_at: datetime


def tickets_with_messages() -> list[int]:
    """Return the ids of the tickets that count and whose text is cleaned, in order."""
    cleaned = Ticket.objects.counting().exclude(text=None).exclude(text__pipeline_version=MASKED_ONLY)
    return list(cleaned.order_by("pk").values_list("pk", flat=True))


def customer_messages(ticket_ids: Iterable[int]) -> list[CustomerMessage]:
    """Return one message a ticket, in the order of ``ticket_ids``; none for a ticket that says nothing."""
    wanted = list(ticket_ids)
    found: dict[int, CustomerMessage] = {}
    for first in range(0, len(wanted), READ_TICKETS):
        rows = (
            TicketText.objects.filter(pk__in=wanted[first : first + READ_TICKETS])
            .exclude(pipeline_version=MASKED_ONLY)
            .values_list(
                "pk",
                "ticket__source",
                "ticket__external_id",
                "ticket__closed_at",
                "ticket__classification__cluster__category",
                "conversation",
            )
        )
        for pk, source, external_id, closed_at, category_id, conversation in rows:
            text = _first_words(conversation)
            if text:
                found[pk] = CustomerMessage(
                    pk, ticket_reference(source, external_id), text, category_id, closed_at
                )
    return [found[pk] for pk in wanted if pk in found]


def category_volumes() -> dict[int, int]:
    """Return the number of tickets that count in each category, by its id."""
    rows = (
        Classification.objects.filter(ticket__in_window=True)
        .exclude(cluster=None)
        .values_list("cluster__category")
        .annotate(n=Count("pk"))
    )
    return dict(rows)


def still_told(ticket_ids: Collection[int]) -> set[int]:
    """Return those of the tickets whose text is still there: a deletion at the source takes it away."""
    return set(TicketText.objects.filter(pk__in=ticket_ids).values_list("pk", flat=True))


def ticket_reference(source: str, external_id: str) -> str:
    """Return how other apps refer to a ticket: the source and its own id, such as ``zendesk:4711``."""
    return f"{source}:{external_id}"


def tickets_by_reference(references: Iterable[str]) -> dict[str, int]:
    """Return the id of the ticket that each reference names, where there is exactly one.

    A reference is ``zendesk:4711``, or the bare id at the source.
    """
    wanted = {reference: _parts(reference) for reference in references if reference}
    names = {name for _, name in wanted.values()} | set(wanted)
    rows = list(Ticket.objects.filter(external_id__in=names).values_list("pk", "source", "external_id"))
    exact = {(source, name): pk for pk, source, name in rows}
    by_name: dict[str, list[int]] = {}
    for pk, _, name in rows:
        by_name.setdefault(name, []).append(pk)
    found = {}
    for reference, (source, name) in wanted.items():
        bare = by_name.get(reference, [])
        if (source, name) in exact:
            found[reference] = exact[source, name]
        elif len(bare) == 1:
            found[reference] = bare[0]
    return found


def _parts(reference: str) -> tuple[str, str]:
    source, colon, name = reference.partition(":")
    return (source, name) if colon and source in Source.values else ("", reference)


def _first_words(conversation: list[dict[str, object]]) -> str:
    for message in conversation:
        if message["author"] == "agent" and message["is_public"]:
            break  # from here on the customer answers somebody
        if message["author"] == "customer" and message["is_public"]:
            text = " ".join(str(message["text"]).split())
            if len(text.split()) >= FEWEST_WORDS:
                return text
    return ""
