"""A closed ticket is the same ticket, whichever help desk it comes from; what is missing stays unknown."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from integrations import freshdesk, intercom, zendesk
from integrations.contracts import SourceTicket
from integrations.sources import open_source
from integrations.streams import BadRow
from nlp.cleaning import clean
from tests.integrations.exports import (
    ANSWER,
    CREATED_EPOCH,
    CSV_MAPPING,
    QUESTION,
    csv_row,
    csv_text,
    freshdesk_ticket,
    intercom_conversation,
    zendesk_ticket,
)

EXPORTS = {
    "zendesk": lambda: json.dumps({"tickets": [zendesk_ticket()], "end_of_stream": True}),
    "freshdesk": lambda: json.dumps([freshdesk_ticket()]),
    "intercom": lambda: json.dumps({"type": "conversation.list", "conversations": [intercom_conversation()]}),
    "csv": lambda: csv_text([csv_row()]),
}
UNSAID = {"freshdesk": {"reassignments"}, "intercom": {"kind"}}  # what a help desk does not tell at all


def only_ticket(tmp_path: Path, name: str) -> SourceTicket:
    path = tmp_path / f"export-{name}"
    path.write_text(EXPORTS[name](), encoding="utf-8")
    (row,) = open_source(path, name, CSV_MAPPING).rows()
    assert row.rejection is None
    assert row.ticket is not None
    return row.ticket


def comparable(ticket: SourceTicket) -> dict[str, Any]:
    fields = {item.name: getattr(ticket, item.name) for item in dataclasses.fields(ticket)}
    del fields["source"], fields["extra"], fields["messages"]
    return fields


@pytest.mark.row("1.2")
@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_the_same_ticket_comes_out_of_each_source(name, tmp_path):
    ticket = only_ticket(tmp_path, name)
    expected = {
        "external_id": "1",
        "subject": "Charged twice",
        "status": "closed",
        "created_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "updated_at": datetime(2026, 3, 3, 10, tzinfo=UTC),
        "closed_at": datetime(2026, 3, 3, 9, tzinfo=UTC),
        "channel": "email",
        "kind": "question",
        "priority": "high",
        "customer_external_id": "77",
        "group": "9",
        "tags": ("billing", "refund"),
        "csat": 5,
        "csat_comment": "Quick!",
        "reopens": 0,
        "agent_replies": 1,
        "reassignments": 1,
        "first_reply_seconds": 1800,
        "resolution_seconds": 86_400,
        "escalated": None,
    }
    found = comparable(ticket)
    for field in UNSAID.get(name, set()):
        assert found.pop(field) in (None, "")
        del expected[field]
    assert found == expected
    assert ticket.source == name
    said = [(m.author, clean(m.body), m.is_public) for m in ticket.messages]
    assert said == [("customer", QUESTION, True), ("agent", ANSWER, True)]
    assert ticket.messages[0].created_at == ticket.created_at


@pytest.mark.row("1.2")
@pytest.mark.parametrize(
    ("name", "texts", "bad_line", "code"),
    [
        (
            "zendesk",
            [json.dumps(zendesk_ticket(n)) for n in (1, 3)],
            json.dumps({"subject": "x"}),
            "missing_date",
        ),
        ("freshdesk", [json.dumps(freshdesk_ticket(n)) for n in (1, 3)], '{"id": 2, "sta', "bad_json"),
        (
            "intercom",
            [json.dumps(intercom_conversation(n)) for n in (1, 3)],
            json.dumps(intercom_conversation(2, created_at="yesterday")),
            "bad_date",
        ),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_rest_comes_in(name, texts, bad_line, code, tmp_path):
    path = tmp_path / "export"
    path.write_text("\n".join([texts[0], bad_line, texts[1]]))
    rows = list(open_source(path, name).rows())
    assert [row.line for row in rows] == [1, 2, 3]
    assert [row.ticket.external_id if row.ticket else None for row in rows] == ["1", None, "3"]
    assert rows[1].rejection is not None
    assert rows[1].rejection.code == code


@pytest.mark.parametrize(
    ("normalise", "record", "code"),
    [
        (zendesk.normalise, zendesk_ticket(id=None), "missing_id"),
        (zendesk.normalise, zendesk_ticket(id=True), "bad_id"),
        (zendesk.normalise, zendesk_ticket(id=" "), "missing_id"),
        (zendesk.normalise, zendesk_ticket(created_at=None), "missing_date"),
        (zendesk.normalise, zendesk_ticket(created_at="02/03/2026"), "bad_date"),
        (zendesk.normalise, zendesk_ticket(created_at="0001-01-01T00:00:00+14:00"), "bad_date"),
        (zendesk.normalise, zendesk_ticket(created_at=5), "bad_date"),
        (zendesk.normalise, zendesk_ticket(status="frozen"), "bad_status"),
        (zendesk.normalise, zendesk_ticket(comments="none"), "bad_messages"),
        (zendesk.normalise, [1], "not_an_object"),
        (freshdesk.normalise, freshdesk_ticket(status=99), "bad_status"),
        (freshdesk.normalise, freshdesk_ticket(stats={"closed_at": "soon"}), "bad_date"),
        (intercom.normalise, intercom_conversation(state="lost"), "bad_status"),
        (intercom.normalise, intercom_conversation(created_at=CREATED_EPOCH * 1000), "bad_date"),
        (intercom.normalise, intercom_conversation(created_at=1e308), "bad_date"),
    ],
)
def test_a_field_that_matters_and_cannot_be_read_rejects_the_row(normalise, record, code):
    with pytest.raises(BadRow) as refusal:
        normalise(record)
    assert refusal.value.rejection.code == code
    assert refusal.value.rejection.message.endswith((".", ").", ".”"))


@pytest.mark.parametrize(
    ("normalise", "record"),
    [
        (zendesk.normalise, {"id": 1, "status": "solved", "created_at": "2026-03-02T09:00:00Z"}),
        (freshdesk.normalise, {"id": 1, "status": 4, "created_at": "2026-03-02T09:00:00Z"}),
        (intercom.normalise, {"id": 1, "state": "closed", "created_at": CREATED_EPOCH}),
    ],
)
def test_what_the_source_does_not_say_stays_unknown(normalise, record):
    ticket = normalise(record)
    unknown = (
        ticket.closed_at,
        ticket.csat,
        ticket.reopens,
        ticket.agent_replies,
        ticket.reassignments,
        ticket.first_reply_seconds,
        ticket.resolution_seconds,
        ticket.escalated,
    )
    assert unknown == (None,) * 8
    assert (ticket.messages, ticket.tags, ticket.channel, ticket.priority) == ((), (), "", "")


NOTICE = {"id": 12, "author_id": 5, "public": False, "created_at": "2026-03-03T09:00:00Z"}


@pytest.mark.parametrize(
    ("ticket", "status"),
    [
        (zendesk.normalise(zendesk_ticket(tags=["closed_by_merge"])), "merged"),
        (zendesk.normalise(zendesk_ticket(status="open", tags=["closed_by_merge"])), "open"),
        (
            zendesk.normalise(
                zendesk_ticket(
                    comments=[
                        NOTICE | {"body": 'This request was closed and merged into request #7 "Refund".'}
                    ]
                )
            ),
            "merged",
        ),
        (zendesk.normalise(zendesk_ticket(status="deleted")), "deleted"),
        (zendesk.normalise(zendesk_ticket(status="hold")), "hold"),
        *[
            (freshdesk.normalise(freshdesk_ticket(status=code)), status)
            for code, status in {
                2: "open",
                3: "pending",
                4: "solved",
                5: "closed",
                6: "pending",
                7: "hold",
            }.items()
        ],
        (freshdesk.normalise(freshdesk_ticket(spam=True)), "deleted"),
        (
            freshdesk.normalise(
                freshdesk_ticket(
                    conversations=[
                        {
                            "id": 1,
                            "private": True,
                            "body_text": "This ticket is closed and merged into ticket 7",
                            "created_at": "2026-03-03T09:00:00Z",
                        }
                    ]
                )
            ),
            "merged",
        ),
        (intercom.normalise(intercom_conversation(state="snoozed")), "pending"),
        (intercom.normalise(intercom_conversation(state=None, open=True)), "open"),
    ],
)
def test_states_are_told_in_our_words(ticket, status):
    assert ticket.status == status


@pytest.mark.parametrize(
    ("score", "csat"),
    [
        ("good", 5),
        ("bad", 1),
        ("good_with_comment", 5),
        ("bad_with_comment", 1),
        ("offered", None),
        (None, None),
    ],
)
def test_zendesks_two_ratings_are_five_and_one(score, csat):
    assert zendesk.normalise(zendesk_ticket(satisfaction_rating={"score": score})).csat == csat


@pytest.mark.parametrize(("code", "csat"), [(103, 5), (102, 4), (100, 3), (-102, 2), (-103, 1), (7, None)])
def test_freshdesks_ratings_go_from_one_to_five(code, csat):
    ratings = [{"ratings": {"default_question": code}, "created_at": "2026-03-03"}]
    assert freshdesk.normalise(freshdesk_ticket(satisfaction_ratings=ratings)).csat == csat


@pytest.mark.parametrize(
    ("resolution_state", "escalated"),
    [("routed_to_team", True), ("confirmed_resolution", False), ("abandoned", None), (None, None)],
)
def test_intercoms_ai_agent_says_whether_a_person_took_over(resolution_state, escalated):
    ai_agent = {"resolution_state": resolution_state, "rating": 2, "rating_remark": "Meh"}
    ticket = intercom.normalise(intercom_conversation(ai_agent=ai_agent, conversation_rating=None))
    assert (ticket.escalated, ticket.csat, ticket.csat_comment) == (escalated, 2, "Meh")


def test_notes_are_not_public_and_redacted_words_do_not_come_in():
    parts = [
        {
            "id": "1",
            "part_type": "note",
            "body": "VIP",
            "author": {"type": "admin"},
            "created_at": CREATED_EPOCH + 9,
        },
        {
            "id": "2",
            "part_type": "comment",
            "body": "secret",
            "redacted": True,
            "created_at": CREATED_EPOCH + 8,
        },
        {
            "id": "3",
            "part_type": "comment",
            "body": "Hi",
            "author": {"type": "bot"},
            "created_at": CREATED_EPOCH + 7,
        },
    ]
    found = intercom.normalise(
        intercom_conversation(conversation_parts={"conversation_parts": parts})
    ).messages
    said = [(message.author, message.body, message.is_public) for message in found[1:]]
    assert said == [("system", "Hi", True), ("agent", "VIP", False)]


def test_messages_come_in_order_of_time_and_roles_decide_who_spoke():
    comments = [
        {"id": 2, "author_id": 8, "body": "later", "created_at": "2026-03-02T11:00:00Z", "public": False},
        {
            "id": 1,
            "author_id": 9,
            "body": "a colleague of the customer",
            "created_at": "2026-03-02T10:00:00Z",
            "author": {"role": "end-user"},
        },
        {"id": 3, "author_id": -1, "body": "rule", "created_at": "2026-03-02T12:00:00Z"},
    ]
    found = zendesk.normalise(zendesk_ticket(comments=comments)).messages
    assert [(m.author, m.external_id, m.is_public) for m in found] == [
        ("customer", "1", True),
        ("agent", "2", False),
        ("system", "3", True),
    ]


def test_a_source_is_asked_for_by_its_name(tmp_path):
    with pytest.raises(InvalidInput, match="Use zendesk, freshdesk, intercom or csv"):
        open_source(tmp_path, "helpscout")
    with pytest.raises(InvalidInput, match="needs a mapping"):
        open_source(tmp_path, "csv")
