"""Signed webhooks: what is taken for genuine, and what each system's words mean."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
from stripe import WebhookSignature

from core.api import strict_json
from integrations.inbound.contracts import (
    AgentReply,
    BadPayload,
    BadSignature,
    Challenge,
    ConversationEnded,
    CustomerMessage,
    Delivery,
    IssueChanged,
    Nothing,
)
from integrations.inbound.systems import INBOUND
from tests.integrations.signed import (
    BODIES,
    CHALLENGE,
    NOW,
    SECRETS,
    chatwoot,
    headers,
    linear,
    raw,
    zendesk,
)

SYSTEMS = sorted(INBOUND)
SENT = datetime(2026, 3, 4, 11, 59, 50, tzinfo=UTC)


def is_genuine(system: str, body: bytes, sent: dict[str, str], *secrets: str, now: datetime = NOW) -> bool:
    try:
        INBOUND[system].verify(sent, body, secrets or (SECRETS[system],), now=now)
    except BadSignature:
        return False
    return True


def read(system: str, value: dict[str, Any]) -> Delivery:
    body = raw(value)
    return INBOUND[system].read(strict_json.loads(body), body)


def old_body(system: str, at: datetime) -> bytes:
    return raw(linear("0b1c", at)) if system == "linear" else raw(BODIES[system])


@pytest.mark.row("7.6", "R42")
@pytest.mark.parametrize("system", SYSTEMS)
def test_only_the_very_bytes_that_were_signed_are_genuine(system):
    body = raw(BODIES[system])
    sent = headers(system, body)
    assert is_genuine(system, body, sent)
    assert not is_genuine(system, body + b" ", sent)
    assert not is_genuine(system, body.replace(b'"', b"'", 1), sent)
    assert not is_genuine(system, body, headers(system, body, "another-secret-of-some-length"))
    assert not is_genuine(system, body, {})
    for name in sent:
        if not name.endswith("delivery"):
            assert not is_genuine(system, body, {**sent, name: ""}), name
            assert not is_genuine(system, body, {**sent, name: "ü\udce4"}), name


@pytest.mark.row("7.6", "R42")
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("seconds", "taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_what_is_more_than_five_minutes_from_now_is_not_taken(system, seconds, taken):
    at = NOW + timedelta(seconds=seconds)
    body = old_body(system, at)
    assert is_genuine(system, body, headers(system, body, at=at)) is taken


@pytest.mark.row("7.6", "R42")
@pytest.mark.parametrize("system", SYSTEMS)
def test_while_a_secret_is_replaced_both_are_taken(system):
    body = raw(BODIES[system])
    new = f"{SECRETS[system]}-new"
    for secret in (SECRETS[system], new):
        assert is_genuine(system, body, headers(system, body, secret), new, SECRETS[system])
    assert not is_genuine(system, body, headers(system, body), new)


@pytest.mark.row("7.6", "R42")
def test_our_signatures_are_those_of_the_makers_own_libraries():
    body = raw(BODIES["slack"]).decode()
    at = str(int(NOW.timestamp()))
    theirs = SignatureVerifier(SECRETS["slack"]).generate_signature(timestamp=at, body=body)
    sent = {"x-slack-signature": theirs or "", "x-slack-request-timestamp": at}
    assert is_genuine("slack", body.encode(), sent)
    paid = raw(BODIES["stripe"]).decode()
    signature = WebhookSignature._compute_signature(f"{at}.{paid}", SECRETS["stripe"])
    assert is_genuine("stripe", paid.encode(), {"stripe-signature": f"t={at},v0=00,v1=ff,v1={signature}"})
    assert not is_genuine("stripe", paid.encode(), {"stripe-signature": f"t={at},v0={signature}"})
    assert not is_genuine("stripe", paid.encode(), {"stripe-signature": f"t={at},t=1,v1={signature}"})


def test_without_a_time_in_its_body_linear_could_be_repeated_for_ever():
    for value in ({**BODIES["linear"], "webhookTimestamp": None}, [1], "text"):
        body = raw(value)
        assert not is_genuine("linear", body, headers("linear", body))
    assert not is_genuine("linear", b"{", headers("linear", b"{"))


def test_a_zendesk_comment_of_the_customer_is_a_message():
    delivery = read("zendesk", zendesk(tier="gold", user_type="admin", locale="de"))
    assert (delivery.event_id, delivery.kind) == ("comment:90001", "comment")
    assert delivery.news == CustomerMessage(
        "4711", "90001", "How do I export my data?", "881", "email", SENT, "admin", "gold", "de", True
    )


@pytest.mark.parametrize(
    ("changes", "news"),
    [
        ({"author_role": "Agent"}, AgentReply("4711", "90001", "How do I export my data?", "Ada", SENT)),
        ({"author_role": "admin", "is_public": False}, Nothing("An internal note.")),
        ({"is_public": ""}, Nothing("The body does not say whether the comment is public.")),
        (
            {"author_role": "system"},
            Nothing("Written by system: neither a customer nor a person of the team."),
        ),
        ({"text": " "}, Nothing("A comment without words.")),
        ({"event": "solved"}, ConversationEnded("4711", SENT)),
        ({"event": "priority"}, Nothing("Zendesk's event priority has no use.")),
    ],
)
def test_what_else_zendesk_tells(changes, news):
    assert read("zendesk", zendesk(**changes)).news == news


def test_a_comment_without_an_id_is_known_by_its_words_and_time():
    nameless = zendesk(comment_id="")
    first, again = read("zendesk", nameless), read("zendesk", nameless | {"requester_id": "x"})
    assert first.event_id == again.event_id
    assert first.event_id != read("zendesk", nameless | {"text": "Another"}).event_id


@pytest.mark.parametrize(
    ("via", "channel"),
    [("Mail", "email"), ("Web form", "web"), ("Any Channel", "any_channel"), ("", "zendesk")],
)
def test_channels_are_named_as_pilots_and_rules_name_them(via, channel):
    assert read("zendesk", zendesk(channel=via)).news.channel == channel


def test_an_incoming_chatwoot_message_is_a_message():
    delivery = read("chatwoot", chatwoot())
    assert (delivery.event_id, delivery.kind) == ("message:501", "message_created")
    assert delivery.news == CustomerMessage("31", "501", "How do I export my data?", "7", "web_widget", SENT)


RESOLVED = {
    "event": "conversation_status_changed",
    "id": 31,
    "status": "resolved",
    "updated_at": 1772625590.25,
}


@pytest.mark.parametrize(
    ("value", "news"),
    [
        (
            chatwoot(message_type="outgoing", sender={"name": "Kim", "type": "user"}),
            AgentReply("31", "501", "How do I export my data?", "Kim", SENT),
        ),
        (chatwoot(message_type="outgoing", sender={"type": "agent_bot"}), Nothing("Written by a bot.")),
        (chatwoot(message_type="outgoing", private=True), Nothing("A private note.")),
        (
            chatwoot(message_type="template"),
            Nothing("A message of the type template is nobody's words."),
        ),
        (chatwoot(content=None), Nothing("A message without words.")),
        (RESOLVED, ConversationEnded("31", SENT)),
        ({**RESOLVED, "status": "open"}, Nothing("The conversation is open, not resolved.")),
        ({"event": "contact_created"}, Nothing("Chatwoot's event contact_created has no use.")),
    ],
)
def test_what_else_chatwoot_tells(value, news):
    assert read("chatwoot", value).news == news


def test_linear_tells_how_an_issue_stands():
    at = datetime(2026, 3, 4, 11, 59, 58, tzinfo=UTC)
    url = "https://linear.app/acme/issue/SUP-9"
    assert read("linear", linear("0b1c")).news == IssueChanged("0b1c", "SUP-9", url, "Done", False, at)
    removed = read("linear", linear("0b1c", action="remove", url="javascript:alert(1)"))
    assert (removed.kind, removed.news) == (
        "Issue.remove",
        IssueChanged("0b1c", "SUP-9", "", "Done", True, at),
    )
    assert read("linear", linear("0b1c", type="Comment")).news == Nothing("Linear's Comment has no use.")


def test_slack_gets_its_challenge_back_and_stripes_events_are_only_kept():
    assert read("slack", CHALLENGE).news == Challenge(CHALLENGE["challenge"])
    assert read("slack", BODIES["slack"]) == Delivery(
        "Ev1", "message", Nothing("Slack's event message has no use.")
    )
    kept = read("stripe", BODIES["stripe"])
    assert (kept.event_id, kept.kind, type(kept.news)) == ("evt_1", "invoice.paid", Nothing)


@pytest.mark.parametrize(
    ("system", "value"),
    [
        ("zendesk", zendesk(ticket_id=None)),
        ("zendesk", zendesk(ticket_id="x" * 101)),
        ("zendesk", zendesk(at="yesterday")),
        ("zendesk", zendesk(at="2026-03-04T11:59:50")),
        ("chatwoot", chatwoot(id=None)),
        ("chatwoot", chatwoot(conversation=None)),
        ("linear", linear("")),
        ("slack", {"type": "url_verification", "challenge": "x" * 501}),
        ("slack", {"type": "event_callback"}),
        ("stripe", {"type": "invoice.paid"}),
    ],
)
def test_what_is_not_as_documented_is_refused(system, value):
    with pytest.raises(BadPayload):
        read(system, value)


ODD = st.sampled_from(
    (
        *(None, True, -1, 0, 2**62, 1e12, 0.5, "", " ", "é" * 300, "1" * 13, "2026-13-01T00:00:00Z", []),
        *({}, ["x"], {"id": 1}, {"id": {}}, {"type": []}, {"id": 31, "channel": None}, {"name": 5}),
        {"id": "x" * 999},
    )
)


@given(st.sampled_from(SYSTEMS), st.lists(st.tuples(st.integers(0, 12), ODD), max_size=5))
def test_no_json_object_is_a_bug(system, changes):
    value = dict(BODIES[system])
    names = sorted(value)
    value |= {names[place % len(names)]: odd for place, odd in changes}
    try:
        delivery = INBOUND[system].read(value, raw(value))
    except BadPayload:
        return
    assert 0 < len(delivery.event_id) <= 150
    assert len(delivery.kind) <= 60
    for field in fields(delivery.news):
        assert field.name == "text" or len(str(getattr(delivery.news, field.name))) <= 500
