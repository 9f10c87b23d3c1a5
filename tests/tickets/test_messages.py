"""The door through which others read customers' messages, and how they refer to tickets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.contracts import SourceMessage
from tests.tickets.builders import NOW, imported, ticket
from tickets.messages import customer_messages, still_told, tickets_by_reference, tickets_with_messages
from tickets.models import Ticket, TicketText
from tickets.services.classifying import Budget
from tickets.services.renewing import texts_renew

pytestmark = pytest.mark.django_db


def _said(*messages: tuple[str, str]) -> tuple[SourceMessage, ...]:
    at = NOW - timedelta(days=3)
    return tuple(
        SourceMessage(author, text, at + timedelta(hours=n))  # type: ignore[arg-type]
        for n, (author, text) in enumerate(messages)
    )


@pytest.mark.row("3.8")
def test_a_ticket_gives_its_opening_message_cleaned_and_masked_on_one_line() -> None:
    imported(
        ticket("1", messages=_said(("customer", "Hi,\n\nI was charged\ntwice. Mail kim@example.com"))),
        ticket("2", messages=_said(("agent", "How are you getting on?"), ("customer", "All is well now"))),
        ticket("3", messages=_said(("customer", "?"), ("customer", "Where is my invoice of May?"))),
    )
    texts_renew(Budget.of(60))
    ids = list(Ticket.objects.order_by("external_id").values_list("pk", flat=True))
    found = customer_messages(ids)
    assert [(m.reference, m.category_id) for m in found] == [("csv:1", None), ("csv:3", None)]
    assert "kim@example.com" not in found[0].text
    assert "charged twice." in found[0].text
    assert "\n" not in found[0].text
    assert found[1].text == "Where is my invoice of May?"


@pytest.mark.row("3.8", "1.10")
def test_texts_that_are_masked_but_not_cleaned_are_left_out() -> None:
    imported(ticket("1"))
    assert tickets_with_messages() == []
    assert customer_messages([Ticket.objects.get().pk]) == []
    texts_renew(Budget.of(60))
    assert tickets_with_messages() == [Ticket.objects.get().pk]


def test_a_ticket_whose_text_was_deleted_at_the_source_says_nothing() -> None:
    imported(ticket("1"))
    texts_renew(Budget.of(60))
    pk = Ticket.objects.get().pk
    assert still_told([pk]) == {pk}
    TicketText.objects.all().delete()
    assert still_told([pk]) == set()
    assert tickets_with_messages() == []


@pytest.mark.row("3.4")
def test_a_reference_names_a_ticket_by_source_and_id_or_by_an_id_that_only_one_has() -> None:
    imported(ticket("7"), ticket("8"), ticket("x:9"))
    Ticket.objects.filter(external_id="8").update(source="zendesk")
    pk = {t.external_id: t.pk for t in Ticket.objects.all()}
    assert tickets_by_reference(["csv:7", "7", "csv:8", "zendesk:8", "x:9", "", "nobody"]) == {
        "csv:7": pk["7"],
        "7": pk["7"],
        "zendesk:8": pk["8"],
        "x:9": pk["x:9"],
    }


def test_an_id_that_two_sources_have_names_nothing_without_its_source() -> None:
    imported(ticket("7"))
    first = Ticket.objects.get()
    Ticket.objects.filter(pk=first.pk).update(source="zendesk")
    imported(ticket("7"))
    assert set(tickets_by_reference(["7", "zendesk:7", "csv:7"])) == {"zendesk:7", "csv:7"}
