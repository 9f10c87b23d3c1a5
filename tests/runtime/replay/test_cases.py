"""Closed tickets and turns as cases of a back-test: read by the live engines, nothing stored but facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from core.actors import Actor
from core.errors import Unavailable
from escalation.backtest.cases import TICKET, TURN
from escalation.backtest.ports import cases_source
from escalation.contracts import Amount, Sign, TurnFacts
from escalation.engine import decide
from escalation.selectors import live_rule_set
from runtime.contracts import TurnRequest
from runtime.models import ActionLedger, Conversation, FlowRun, Handoff, TicketFacts, Turn
from runtime.replay import tickets
from runtime.replay.source import Source
from runtime.replay.tickets import READING, ticket_cases, tickets_read
from runtime.replay.turns import handling_minutes, turn_cases
from runtime.replay.wordless import words_left_out, words_put_back
from runtime.services import feedback_record, turn_take
from runtime.services.handoffs import handoff_accept, handoff_resolve, handoff_return
from tests.runtime.conftest import ENGINES, PROFILES, SYSTEM, classify
from tickets.models import Classification, ImportBatch, Ticket, TicketText

pytestmark = pytest.mark.django_db
READ = replace(READING, classify=classify, search=ENGINES.search, intent_profile=PROFILES.get)


@pytest.fixture
def batch(db: None) -> ImportBatch:
    now = timezone.now()
    window = {"window_start": now - timedelta(days=90), "window_end": now}
    return ImportBatch.objects.create(source="csv", state="failed", file_name="t.csv", **window)


@pytest.fixture(autouse=True)
def profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "intent_profile", PROFILES.get)


def ticket(batch: ImportBatch, number: int, text: str, outcome: str = "", days_ago: float = 1) -> Ticket:
    at = timezone.now() - timedelta(days=days_ago)
    made = Ticket.objects.create(
        source="csv",
        external_id=str(number),
        status="closed",
        channel="email",
        created_at=at,
        updated_at=at,
        closed_at=at,
        first_batch=batch,
        last_batch=batch,
    )
    TicketText.objects.create(
        ticket=made,
        pipeline_version="1",
        conversation=[
            {"author": "system", "text": "Ticket created"},
            {"author": "customer", "text": text},
            {"author": "agent", "text": "Here is how."},
            {"author": "customer", "text": "Thanks, I want a human next time."},
        ],
    )
    if outcome:
        Classification.objects.create(ticket=made, escalation_outcome=outcome, rules_version=1)
    return made


@pytest.mark.row("4.9")
def test_tickets_are_read_as_live_messages_are_and_nothing_else_is_stored(rules, batch) -> None:
    clear = ticket(batch, 1, "How do I export?", "not_escalated", days_ago=1)
    unsure = ticket(batch, 2, "unsure about this one", "escalated", days_ago=2)
    open_ = ticket(batch, 3, "A restricted matter", days_ago=3)
    assert tickets_read(days=90, limit=10, engines=READ) == {"read": 3, "failed": 0}
    cases, counts = ticket_cases(days=90, limit=10)
    assert counts == {"tickets": 3, "unread": 0, "outdated": 0, "left_out": 0}
    assert [(case.kind, case.id, case.truth.needed) for case in cases] == [
        (TICKET, clear.pk, False),
        (TICKET, unsure.pk, True),
        (TICKET, open_.pk, None),
    ]
    facts = cases[0].facts
    assert (facts.text, facts.channel, facts.confidence, facts.answer_score) == (
        "How do I export?",
        "email",
        0.93,
        0.7,
    )
    assert facts.at == clear.created_at.isoformat()
    decided = [decide(case.facts, live_rule_set()) for case in cases]
    assert [(d.action, d.reason) for d in decided] == [
        ("answer", "answered"),
        ("clarify", "low_confidence"),
        ("escalate", "human_only_intent"),
    ]
    for model in (Turn, Conversation, Handoff, FlowRun, ActionLedger):
        assert not model.objects.exists(), model
    assert all("export" not in str(row.facts.get("text", "")) for row in TicketFacts.objects.all())


@pytest.mark.row("4.9")
def test_reading_goes_on_where_it_was_and_reads_nothing_twice(rules, batch) -> None:
    for number in range(4):
        ticket(batch, number, "How do I export?", days_ago=number + 1)
    assert tickets_read(days=90, limit=3, engines=READ)["read"] == 3
    assert ticket_cases(days=90, limit=10)[1]["unread"] == 1
    assert tickets_read(days=90, limit=10, engines=READ)["read"] == 1
    assert tickets_read(days=90, limit=10, engines=READ)["read"] == 0


@pytest.mark.row("4.9")
def test_another_release_makes_facts_outdated_and_another_text_makes_them_useless(
    rules, batch, monkeypatch
) -> None:
    first = ticket(batch, 1, "How do I export?")
    tickets_read(days=90, limit=10, engines=READ)
    monkeypatch.setattr(tickets, "versions_now", lambda: "release 4, index 1, detectors x")
    assert ticket_cases(days=90, limit=10)[1]["outdated"] == 1
    assert tickets_read(days=90, limit=10, engines=READ)["read"] == 1
    assert ticket_cases(days=90, limit=10)[1]["outdated"] == 0
    TicketText.objects.filter(ticket=first).update(
        conversation=[{"author": "customer", "text": "Something else"}]
    )
    assert ticket_cases(days=90, limit=10)[1]["unread"] == 1


def test_who_resolves_an_intent_is_read_as_it_is_now(rules, batch, monkeypatch) -> None:
    ticket(batch, 1, "How do I export?")
    tickets_read(days=90, limit=10, engines=READ)
    changed = replace(PROFILES["data_export"], resolution="human_only", category_id=7)
    monkeypatch.setattr(tickets, "intent_profile", lambda slug: changed)
    facts = ticket_cases(days=90, limit=10)[0][0].facts
    assert (facts.intent_resolution, facts.intent_category) == ("human_only", 7)


def test_tickets_outside_of_the_window_are_no_cases(rules, batch) -> None:
    ticket(batch, 1, "How do I export?", days_ago=91)
    ticket(batch, 2, "How do I export?", days_ago=29)
    assert tickets_read(days=90, limit=10, engines=READ)["read"] == 1
    assert ticket_cases(days=28, limit=10)[1]["tickets"] == 0


def test_one_ticket_that_cannot_be_read_is_left_out_and_a_broken_engine_stops_the_reading(
    rules, batch, monkeypatch
) -> None:
    ticket(batch, 1, "please explode", days_ago=1)
    ticket(batch, 2, "How do I export?", days_ago=2)
    assert tickets_read(days=90, limit=10, engines=READ) == {"read": 1, "failed": 1}
    monkeypatch.setattr(tickets, "GAVE_UP_AFTER", 1)
    with pytest.raises(Unavailable) as refused:
        tickets_read(days=90, limit=10, engines=READ)
    assert "classify" in refused.value.message
    assert TicketFacts.objects.count() == 1


def take(text: str, channel: str = "website") -> Turn:
    taken = turn_take(
        actor=Actor.system("test"), request=TurnRequest(text=text, channel=channel), engines=ENGINES
    )
    return Turn.objects.get(pk=taken.turn_id)


@pytest.mark.row("4.9")
def test_turns_are_cases_with_what_became_of_them(rules) -> None:
    content, reopened, quiet = take("How do I export?"), take("Where is it?"), take("And this?")
    kept, back = take("I want a human"), take("I want a human please")
    take("How do I export?", channel="playground")
    feedback_record(actor=SYSTEM, turn=content, rating="up")
    feedback_record(actor=SYSTEM, turn=reopened, rating="up", reopened=True)
    handoff_accept(actor=SYSTEM, handoff=kept.handoff)
    handoff_resolve(actor=SYSTEM, handoff=Handoff.objects.get(turn=kept))
    handoff_accept(actor=SYSTEM, handoff=back.handoff)
    handoff_return(actor=SYSTEM, handoff=Handoff.objects.get(turn=back))
    cases, left_out = turn_cases(days=90, limit=10)
    assert {case.id: (case.kind, case.truth.needed) for case in cases} == {
        content.pk: (TURN, False),
        reopened.pk: (TURN, True),
        quiet.pk: (TURN, None),
        kept.pk: (TURN, True),
        back.pk: (TURN, False),
    }
    assert left_out == 0
    assert turn_cases(days=90, limit=2)[1] == 3
    for case in cases:
        assert decide(case.facts, live_rule_set()).action == Turn.objects.get(pk=case.id).decision


@pytest.mark.row("4.9")
def test_the_source_gives_both_kinds_with_room_for_each(rules, batch, monkeypatch) -> None:
    for number in range(3):
        ticket(batch, number, "How do I export?", days_ago=number + 1)
        take("Where is it?")
    tickets_read(days=90, limit=10, engines=READ)
    found = Source().collect(days=90, kinds=(TURN, TICKET), limit=4)
    assert ([case.kind for case in found.cases], found.left_out) == ([TURN] * 2 + [TICKET] * 2, 2)
    state = found.state
    assert Source().state(90) == state
    feedback_record(actor=SYSTEM, turn=Turn.objects.first(), rating="down")
    assert Source().state(90) != state
    shown = Source().shown([(found.cases[0].kind, found.cases[0].id), (TICKET, 999)])
    assert [one.text for one in shown.values()] == ["Where is it?"]
    assert isinstance(cases_source(), Source)


@pytest.mark.row("4.9")
def test_minutes_of_a_person_are_the_median_of_real_handoffs_from_five_on(rules) -> None:
    now = timezone.now()
    for minutes in (4, 6, 8, 30, 200):
        assert handling_minutes() is None
        turn = take("I want a human")
        Handoff.objects.filter(turn=turn).update(
            state="resolved", accepted_at=now - timedelta(minutes=minutes), finished_at=now
        )
    assert handling_minutes() == 8.0


@pytest.mark.row("4.9", "R52")
def test_quotations_are_kept_as_places_and_read_again_from_the_message() -> None:
    text = "This is a scandal! You took 12 EUR."
    facts = TurnFacts(
        text,
        signs=(Sign("anger", 0.9, "This is a scandal!"), Sign("legal", 0.1, ""), Sign("x", 0.2, "scanda1")),
        amounts=(Amount(1200, "EUR", "12 EUR"),),
        failed_attempts=1,
        failed_text="You took 12 EUR",
    )
    kept = words_left_out(facts)
    assert not [word for word in ("scandal", "took", "12 EUR", "scanda1") if word in str(kept)]
    again = words_put_back(kept, text)
    assert [sign.text for sign in again.signs] == ["This is a scandal!", "", "…"]
    assert replace(again, signs=facts.signs) == facts
