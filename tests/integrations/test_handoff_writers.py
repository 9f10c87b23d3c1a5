"""Whatever a help desk answers is an outcome: nothing is raised, and “done” needs a ticket."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sealing import Secret
from integrations.handoff_note import MAX_SUBJECT, MAX_TRANSCRIPT, ticket_html, ticket_subject
from integrations.handoff_notice import QUEUED, HandoffNotice, Spoken
from integrations.outgoing import REFUSED, UNCLEAR, Access
from integrations.systems import HANDOFF_OPERATIONS
from tests.integrations.stand_ins import help_desks
from tests.integrations.stand_ins.server import running

KEY = "handoff:1"
NOTICE = HandoffNotice(
    event=QUEUED,
    handoff_id=7,
    conversation_id="c",
    at="2026-11-30T10:00:00Z",
    url="https://desk.example/7",
    reason="human_request",
    reason_label="Asks for a person",
    opening="I want a human",
)
SETTINGS = {"requester_email": help_desks.TEAM_ADDRESS}
ODD: list[Any] = [
    None,
    True,
    5,
    "text",
    [],
    [1, None],
    {},
    {"ticket": None},
    {"ticket": []},
    {"ticket": {"id": "7"}},
    {"id": None},
    {"tickets": 5, "results": {}, "error": {"title": 5}, "details": {"a": [], "b": 5, "c": [None]}},
    {"results": [5, {"tags": 5}], "tickets": [5, {"external_id": []}], "errors": [5, {}, None]},
    {"error": "\x00 \ud800 bad", "description": "x" * 5000, "errors": "no"},
]
HELP_DESKS = ("zendesk", "freshdesk")


@pytest.mark.row("4.16", "R39")
@pytest.mark.parametrize("system", HELP_DESKS)
@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 422])
def test_odd_answers_are_no_tickets(system, status):
    answers = [json.dumps(value).encode() for value in ODD] + [b"", b"{", b"\xff", b"[" * 100_000]
    operation = HANDOFF_OPERATIONS[system]
    waiting = list(answers)
    with running(lambda _: (status, waiting.pop(0))) as desk:
        access = Access(desk.url, Secret("s3cret"), allow_loopback=True, user="bot@example.com")
        payload = operation.prepare_notice(NOTICE, settings=SETTINGS, base_url=desk.url, key=KEY)
        for _ in answers:
            outcome = operation.perform(access, payload, key=KEY, deadline=time.monotonic() + 5)
            assert outcome.kind == UNCLEAR if status < 300 else outcome.kind in (REFUSED, UNCLEAR)
            assert outcome.message.isprintable()
            assert len(outcome.message) < 500


@pytest.mark.parametrize("system", HELP_DESKS)
def test_only_a_proper_list_says_that_a_ticket_is_not_there(system):
    operation = HANDOFF_OPERATIONS[system]
    answers = [json.dumps(value).encode() for value in ODD if value not in ([], [1, None])]
    for answer in [*answers, b"{"]:
        with running(lambda _, answer=answer: (200, answer)) as desk:
            access = Access(desk.url, Secret("s3cret"), allow_loopback=True, user="bot@example.com")
            payload = operation.prepare_notice(NOTICE, settings=SETTINGS, base_url=desk.url, key=KEY)
            found = operation.look_up(
                access, payload, key=KEY, since=datetime.now(UTC), deadline=time.monotonic() + 5
            )
        assert found.kind == UNCLEAR, answer


@given(st.lists(st.text(max_size=4000), max_size=30), st.text(max_size=400))
def test_a_ticket_is_bounded_ends_with_the_last_message_and_holds_no_markup_of_customers(texts, opening):
    spoken = tuple(Spoken("customer", text, "") for text in texts)
    html = ticket_html(HandoffNotice(**_fields(transcript=spoken)), with_facts=True)
    assert len(html) < MAX_TRANSCRIPT * 2
    for tag in ("<p>", "<b>", "</b>", "</p>", "<h3>", "</h3>", "<br>", "<i>", "</i>", "</a>"):
        html = html.replace(tag, "")
    assert html.count("<") == 1  # our link
    assert "{{" not in html
    subject = ticket_subject(HandoffNotice(**_fields(opening=opening)))
    assert len(subject) <= MAX_SUBJECT
    assert "\n" not in subject


def test_a_long_conversation_is_cut_at_the_front_with_a_word_on_it():
    spoken = tuple(Spoken("customer", f"{number} " + "x" * 1000, "") for number in range(100))
    html = ticket_html(HandoffNotice(**_fields(transcript=spoken)), with_facts=False)
    assert "81 earlier messages are left out; the whole conversation is at the link above." in html
    assert "<p><b>Customer:</b> 99 xxx" in html
    assert "> 80 xxx" not in html


def _fields(**changes: Any) -> dict[str, Any]:
    return {name: getattr(NOTICE, name) for name in NOTICE.__slots__} | changes
