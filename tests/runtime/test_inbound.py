"""POST /webhooks/<system>: taken once, in order, by whoever may; and never answered live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core import jobs
from core.errors import Conflict, NotAllowed
from core.models import Activity, Job
from core.sealing import unseal
from runtime import tasks
from runtime.inbound import handling, receiving
from runtime.inbound.configuring import source_forget_previous, source_save, sources_reseal
from runtime.inbound.handling import event_handle, event_retry, inbound_forget
from runtime.inbound.replies import SentReply, human_reply_after
from runtime.models import (
    ActionLedger,
    Conversation,
    Handoff,
    HandoffMessage,
    HumanReply,
    InboundEvent,
    InboundSource,
    InboundThread,
    Turn,
)
from runtime.placement import Scope
from runtime.services import handoff_resolve
from runtime.services.messages import message_reply
from tests.integrations.signed import CHALLENGE, SECRETS, chatwoot, headers, linear, raw, zendesk
from tests.runtime.conftest import ENGINES, SYSTEM
from tests.runtime.measured import actor

SHADOW = Scope(7, "channel", "email", "shadow")
ASSIST = Scope(7, "channel", "email", "assist")
LIVE = Scope(7, "channel", "email", "full")
HALTED = Scope(7, "channel", "email", "full", halted=True)


@pytest.fixture
def make_source(rules: None) -> Callable[..., InboundSource]:
    def make(system: str = "zendesk", secret: str = "", **fields: Any) -> InboundSource:
        source = InboundSource(**{"system": system, "name": f"Our {system}", **fields})
        return source_save(actor=SYSTEM, source=source, secret=secret or SECRETS[system])

    return make


@pytest.fixture
def zendesk_source(make_source: Callable[..., InboundSource]) -> InboundSource:
    return make_source()


@pytest.fixture
def scopes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(*scopes: Scope) -> None:
        monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: scopes)
        monkeypatch.setattr("runtime.inbound.messages.running_scopes", lambda: scopes)

    return run


@pytest.fixture(autouse=True)
def made_up_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "event_handle", partial(event_handle, engines=ENGINES))


def send(value: Any, system: str = "zendesk", *, secret: str = "", at: Any = None, **extra: str) -> Any:
    """POST what the system signs just now."""
    body, now = raw(value), at or timezone.now()
    signed = {**headers(system, body, secret, now), **extra}
    return post(body, signed, system)


def post(body: bytes, sent: dict[str, str], system: str = "zendesk") -> Any:
    return Client().post(f"/webhooks/{system}", data=body, content_type="application/json", headers=sent)


def comment(number: int, text: str = "How do I export my data?", **fields: Any) -> dict[str, Any]:
    """Return the customer's comment of minute ``number``."""
    at = f"2026-03-04T11:{number:02}:00Z"
    return zendesk(comment_id=str(9000 + number), text=text, at=at, **fields)


def taken(*values: Any, system: str = "zendesk") -> list[InboundEvent]:
    """Send events, do the jobs, and return the events as they then are."""
    for value in values:
        assert send(value, system).status_code == 200
    jobs.run_due()
    return list(InboundEvent.objects.order_by("pk"))


def work() -> Any:
    """Return the jobs of webhooks."""
    return Job.objects.filter(task="runtime.tasks.handle_inbound")


def nothing_is_written() -> bool:
    return not (InboundEvent.objects.exists() or InboundThread.objects.exists() or work().exists())


@pytest.mark.row("7.6", "R42")
def test_a_webhook_is_kept_at_once_and_its_work_is_a_job(zendesk_source):
    answer = send(zendesk())
    assert (answer.status_code, answer.json()) == (200, {"received": True, "duplicate": False})
    event = InboundEvent.objects.get()
    assert (event.source, event.external_id, event.kind, event.state) == (
        *(zendesk_source, "comment:90001"),
        *("message", "received"),
    )
    assert work().get().arguments == {"event_id": event.pk}
    assert Turn.objects.count() == 0


@pytest.mark.row("7.6", "R42")
def test_without_the_secret_nobody_gets_in_and_nothing_is_written(zendesk_source):
    body, now = raw(zendesk()), timezone.now()
    good = headers("zendesk", body, at=now)
    refused = [
        post(body, {}),
        post(body + b" ", good),
        post(body, headers("zendesk", body, "another-secret-of-its-length", now)),
        post(body, headers("zendesk", body, at=now - timedelta(minutes=6))),
        post(body, headers("zendesk", body, at=now + timedelta(minutes=6))),
        post(body, good, "chatwoot"),
        send(chatwoot(), "chatwoot"),  # no source of that system
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1  # says nowhere what was wrong
    assert nothing_is_written()


@pytest.mark.row("7.6", "R42")
def test_a_source_that_is_switched_off_takes_nothing(zendesk_source):
    InboundSource.objects.update(enabled=False)
    assert send(zendesk()).status_code == 401
    assert nothing_is_written()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_json"),
        (b"[]", 400, "bad_json"),
        (b'{"ticket_id": "\\u0000"}', 400, "bad_json"),
        (b'{"event": "comment"}', 400, "bad_payload"),
        (b'"' + b"x" * 262_143 + b'"', 413, "too_large"),
    ],
)
def test_garbage_is_refused_even_where_it_is_signed(zendesk_source, body, status, code):
    answer = send(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert nothing_is_written()


def test_there_are_webhooks_of_known_systems_and_by_post_only(db):
    assert post(b"{}", {}, "myspace").status_code == 404
    assert Client().get("/webhooks/zendesk").status_code == 405


@pytest.mark.row("7.6", "R42")
def test_the_same_event_is_taken_once_whatever_unsigned_headers_say(zendesk_source, scopes):
    scopes(SHADOW)
    assert send(zendesk()).json() == {"received": True, "duplicate": False}
    again = send(zendesk(), **{"x-zendesk-webhook-invocation-id": "another"})
    assert (again.status_code, again.json()) == (200, {"received": True, "duplicate": True})
    jobs.run_due()
    assert send(zendesk()).json()["duplicate"] is True
    assert (InboundEvent.objects.count(), Turn.objects.count(), work().count()) == (1, 1, 1)


def test_a_source_may_send_so_many_events_a_minute_and_forged_ones_do_not_count(make_source):
    make_source(events_per_minute=2)
    for _ in range(5):
        assert post(raw(zendesk()), {}).status_code == 401
    answers = [send(comment(number)) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert InboundEvent.objects.count() == 2


@pytest.mark.row("7.6", "R42")
def test_a_new_secret_leaves_the_old_one_valid_for_a_day(zendesk_source):
    source_save(actor=SYSTEM, source=zendesk_source, secret="zendesk-signing-secret-2")
    assert send(comment(1)).status_code == 200
    assert send(comment(2), secret="zendesk-signing-secret-2").status_code == 200
    InboundSource.objects.update(previous_until=timezone.now())
    assert send(comment(3)).status_code == 401
    source_save(actor=SYSTEM, source=zendesk_source, secret="zendesk-signing-secret-3")
    source_forget_previous(actor=SYSTEM, source=zendesk_source)
    assert send(comment(4), secret="zendesk-signing-secret-2").status_code == 401
    assert send(comment(5), secret="zendesk-signing-secret-3").status_code == 200


def test_of_two_accounts_of_a_system_each_has_its_own_events(make_source):
    make_source()
    make_source(name="Second", secret="the-secret-of-the-second")
    assert send(zendesk()).json()["duplicate"] is False
    assert send(zendesk(), secret="the-secret-of-the-second").json()["duplicate"] is False
    assert InboundEvent.objects.values("source").distinct().count() == 2


def test_a_secret_that_cannot_be_opened_says_only_that_it_is_our_fault(make_source, settings):
    make_source()
    InboundSource.objects.update(secret_sealed="x")
    answer = send(zendesk())
    assert answer.status_code == 503
    assert "KEY" not in answer.content.decode()
    make_source(name="Second", secret="the-secret-of-the-second")
    assert send(zendesk(), secret="the-secret-of-the-second").status_code == 200


def test_slack_gets_its_challenge_back(make_source):
    make_source("slack")
    answer = send(CHALLENGE, "slack")
    assert (answer.status_code, answer.content.decode()) == (200, CHALLENGE["challenge"])
    assert InboundEvent.objects.get().state == "handled"
    assert work().count() == 0


def test_what_has_no_use_is_kept_with_the_reason_and_without_its_words(make_source):
    make_source("stripe")
    value = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"email": "a@b.example"}}}
    assert send(value, "stripe").status_code == 200
    event = InboundEvent.objects.get()
    assert (event.state, event.name, event.content) == ("ignored", "invoice.paid", {})
    assert event.reason.startswith("Kept only")
    assert work().count() == 0


@pytest.mark.row("5.2")
def test_in_shadow_a_customers_message_becomes_a_draft(zendesk_source, scopes):
    scopes(SHADOW)
    (event,) = taken(zendesk(tier="gold"))
    turn = Turn.objects.get()
    assert (turn.mode, turn.delivered, turn.decision, turn.pilot_id) == ("shadow", False, "answer", 7)
    assert (event.state, event.turn, event.content) == ("handled", turn, {})
    assert event.reason == "Drafted in shadow mode: answer."
    conversation = turn.conversation
    assert (conversation.channel, conversation.customer_external_id, conversation.tier) == (
        *("email", "881"),
        "gold",
    )
    assert conversation.customer_verified is True
    assert Handoff.objects.count() == 0


@pytest.mark.row("5.2")
def test_the_messages_of_one_conversation_are_taken_in_the_order_in_which_they_were_written(
    zendesk_source, scopes
):
    scopes(SHADOW)
    taken(comment(3, "third"), comment(1, "first"), comment(2, "second"), comment(4, "other", ticket_id="9"))
    turns = Turn.objects.order_by("conversation__created_at", "number").values_list("text", flat=True)
    assert list(turns) == ["first", "second", "third", "other"]
    assert Conversation.objects.count() == InboundThread.objects.count() == 2


@pytest.mark.row("5.2")
def test_what_a_person_really_sent_is_kept_with_the_draft_before_it(zendesk_source, scopes):
    scopes(SHADOW)
    by_kim = {"author_role": "agent", "author_name": "Kim"}
    events = taken(
        comment(1),
        comment(2, "And my invoices?"),
        comment(3, "Under Settings.", **by_kim),
        comment(4, "Anything else?", **by_kim),
        comment(5, "Only a note", is_public="false", **by_kim),
    )
    assert [event.state for event in events] == ["handled"] * 4 + ["ignored"]
    first, second = Turn.objects.order_by("number")
    at = HumanReply.objects.order_by("sent_at")[0].sent_at
    sent = human_reply_after([first.pk, second.pk])
    assert sent == {second.pk: SentReply(second.pk, "Under Settings.", "Kim", at, more=1)}
    assert at.minute == 3
    assert HandoffMessage.objects.count() == 0


def test_a_reply_without_a_draft_before_it_is_ignored(zendesk_source, scopes):
    scopes(SHADOW)
    (event,) = taken(comment(1, author_role="agent"))
    assert (event.state, event.reason) == (
        "ignored",
        "No message of this conversation was drafted before it.",
    )
    assert HumanReply.objects.count() == 0


def test_when_a_conversation_was_solved_is_kept_until_the_customer_writes_again(zendesk_source, scopes):
    scopes(SHADOW)
    taken(comment(1), comment(2) | {"event": "solved"})
    assert InboundThread.objects.get().ended_at.minute == 2
    taken(comment(3))
    thread = InboundThread.objects.get()
    assert (thread.ended_at, thread.conversation.turn_count) == (None, 2)


@pytest.mark.row("5.1")
@pytest.mark.parametrize(
    ("running", "reason"),
    [
        ((), "No pilot runs: a webhook's messages are only drafted in a pilot's shadow or assist stage."),
        (
            (Scope(7, "channel", "chat", "shadow"),),
            "No pilot covers the channel email or its category.",
        ),
        ((HALTED,), "The pilot is stopped by the kill switch."),
        (
            (LIVE,),
            "This customer is served live, and a webhook has no way to send the reply back.",
        ),
    ],
)
def test_where_nobody_reviews_nothing_is_drafted_and_the_event_says_why(
    zendesk_source, scopes, running, reason
):
    scopes(*running)
    (event,) = taken(zendesk())
    assert (event.state, event.reason, event.content) == ("ignored", reason, {})
    assert (Turn.objects.count(), Conversation.objects.count()) == (0, 0)


@pytest.mark.row("5.1")
def test_a_category_that_is_served_live_is_found_out_and_nothing_is_promised(zendesk_source, scopes):
    scopes(Scope(9, "category", "None", "full"))
    (event,) = taken(zendesk())
    turn = Turn.objects.get()
    assert (turn.decision, turn.delivered, turn.reply) == ("not_in_pilot", False, "")
    assert (event.state, event.turn) == ("ignored", turn)


@pytest.mark.row("5.1")
def test_a_pilot_that_goes_live_between_look_and_turn_still_promises_nothing(
    zendesk_source, scopes, monkeypatch
):
    scopes(SHADOW)
    monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: (LIVE,))
    (event,) = taken(zendesk())
    turn = Turn.objects.get()
    assert (turn.decision, turn.reason, turn.delivered, turn.mode) == (
        *("not_in_pilot", "no_way_back"),
        *(False, "shadow"),
    )
    assert event.state == "ignored"


def test_of_a_limited_stage_only_customers_who_are_reviewed_are_drafted_for(zendesk_source, scopes):
    scopes(Scope(7, "channel", "email", "limited", percent=50))
    taken(*(comment(n, ticket_id=str(n), requester_id=f"customer-{n}") for n in range(1, 21)))
    states = list(InboundEvent.objects.values_list("state", flat=True))
    drafted = states.count("handled")
    assert 0 < drafted < 20
    assert states.count("ignored") == 20 - drafted
    assert set(Turn.objects.values_list("mode", "delivered")) == {("assist", False)}
    assert Turn.objects.count() == drafted


def test_in_assist_a_person_is_called_gets_the_further_messages_and_answers_in_zendesk(
    zendesk_source, scopes, make_user
):
    scopes(ASSIST)
    person = make_user("kim", superuser=True)
    events = taken(comment(1, "I'll sue you over this."), comment(2, "Hello?"))
    assert [event.reason for event in events] == [
        "Drafted in assist mode: escalate.",
        "Given to the person who has the conversation.",
    ]
    message = HandoffMessage.objects.get()
    assert (message.sender, message.text) == ("customer", "Hello?")
    handoff = Handoff.objects.get()
    Handoff.objects.update(state="accepted", assignee=person, accepted_at=timezone.now())
    Conversation.objects.update(state="with_human")
    handoff.refresh_from_db()
    with pytest.raises(Conflict, match="Answer this customer in Zendesk") as refused:
        message_reply(actor=actor(person), handoff=handoff, text="We are on it.")
    assert refused.value.code == "answer_elsewhere"
    assert HandoffMessage.objects.count() == 1
    handoff_resolve(actor=actor(person), handoff=handoff)
    taken(comment(3))
    assert Conversation.objects.count() == 2
    assert InboundThread.objects.get().conversation.turn_count == 1


def test_a_message_that_is_too_long_is_cut_and_says_so(zendesk_source, scopes):
    scopes(SHADOW)
    (event,) = taken(zendesk(text="long " * 1_000))
    assert len(Turn.objects.get().text) == 4_000
    assert event.reason.endswith("Only its first 4,000 characters were read.")


def test_the_channel_of_a_source_can_be_set(make_source, scopes):
    make_source("chatwoot", channel="email")
    scopes(SHADOW)
    (event,) = taken(chatwoot(), system="chatwoot")
    assert (event.state, event.turn.conversation.channel) == ("handled", "email")
    assert event.turn.conversation.customer_verified is False


def test_a_killed_job_repeats_nothing(zendesk_source, scopes, monkeypatch):
    scopes(SHADOW)
    send(zendesk())
    event = InboundEvent.objects.get()
    assert event_handle(event.pk, engines=ENGINES) == {"events": 1}
    assert event_handle(event.pk, engines=ENGINES) == {"events": 0}
    assert Turn.objects.count() == 1


def test_while_somebody_handles_a_conversation_others_look_again_later(zendesk_source, scopes):
    scopes(SHADOW)
    send(zendesk())
    event = InboundEvent.objects.get()
    InboundThread.objects.update(held_until=timezone.now() + timedelta(seconds=30))
    assert event_handle(event.pk, engines=ENGINES) == {"events": 0}
    later = Job.objects.get(dedupe_key=f"inbound-lane:{event.thread_id}")
    assert later.available_at > timezone.now() + timedelta(seconds=55)
    InboundThread.objects.update(held_until=timezone.now())
    assert event_handle(event.pk, engines=ENGINES) == {"events": 1}


def test_an_event_that_fails_holds_nobody_up_and_can_be_tried_again(
    zendesk_source, scopes, monkeypatch, make_user
):
    scopes(SHADOW)
    working = handling.message_take
    monkeypatch.setattr(handling, "message_take", lambda event, engines: 1 / 0)
    send(comment(1))
    send(comment(2, author_role="agent"))
    jobs.run_due()
    failed, reply = InboundEvent.objects.order_by("pk")
    assert (failed.state, failed.reason) == ("failed", "ZeroDivisionError: tell the developer.")
    assert failed.content["text"] == "How do I export my data?"
    assert reply.state == "ignored"
    with pytest.raises(NotAllowed):
        event_retry(actor=actor(make_user("kim")), event=failed)
    monkeypatch.setattr(handling, "message_take", working)
    event_retry(actor=SYSTEM, event=failed)
    assert Activity.objects.filter(verb="inboundevent.retried").count() == 1
    jobs.run_due()
    failed.refresh_from_db()
    assert (failed.state, failed.content) == ("handled", {})
    with pytest.raises(Conflict):
        event_retry(actor=SYSTEM, event=failed)


def test_words_of_events_that_nobody_dealt_with_go_after_a_month(zendesk_source):
    send(comment(1))
    send(comment(2))
    old = InboundEvent.objects.order_by("pk")[0]
    InboundEvent.objects.filter(pk=old.pk).update(
        state="failed", received_at=timezone.now() - timedelta(days=31)
    )
    assert (inbound_forget(), inbound_forget()) == (1, 0)
    old.refresh_from_db()
    assert old.content == {}
    with pytest.raises(Conflict, match="deleted since"):
        event_retry(actor=SYSTEM, event=old)


def test_all_of_it_goes_with_the_conversation(zendesk_source, scopes):
    scopes(SHADOW)
    taken(comment(1), comment(2, author_role="agent"))
    assert HumanReply.objects.count() == 1
    Conversation.objects.all().delete()
    rows = (InboundEvent, InboundThread, HumanReply, Turn)
    assert [model.objects.count() for model in rows] == [0, 0, 0, 0]


def ledger(make_source: Callable[..., InboundSource], state: str, **fields: Any) -> ActionLedger:
    from runtime.models import Connection  # noqa: PLC0415

    make_source("linear")
    connection = Connection.objects.create(name="linear", system="linear")
    return ActionLedger.objects.create(
        idempotency_key="k",
        connection=connection,
        operation="linear_create_issue",
        payload={"body": {"variables": {"input": {"id": "0b1c-issue"}}}},
        state=state,
        **fields,
    )


@pytest.mark.row("7.6", "R42")
@pytest.mark.parametrize("action", ["create", "update", "remove"])
def test_linears_word_of_an_issue_settles_the_call_whose_outcome_was_unknown(make_source, action):
    row = ledger(make_source, "unknown", look_at=timezone.now(), error_code="timeout")
    (event,) = taken(linear("0b1c-issue", timezone.now(), action=action), system="linear")
    row.refresh_from_db()
    assert (row.state, row.look_at, row.error_code) == ("succeeded", None, "")
    assert row.data == {
        "issue_identifier": "SUP-9",
        "issue_url": "https://linear.app/acme/issue/SUP-9",
    }
    code = "removed there" if action == "remove" else "Done"
    assert row.trail == [{"what": "webhook", "found": "done", "code": code, "ms": 0}]
    assert (event.state, event.reason) == (
        "handled",
        f"Call {row.pk} did happen: it is settled as succeeded.",
    )


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_of_a_call_whose_outcome_is_known_it_is_only_noted(make_source, state):
    row = ledger(make_source, state, finished_at=timezone.now(), message="As it was.")
    taken(linear("0b1c-issue", timezone.now()), system="linear")
    row.refresh_from_db()
    assert (row.state, row.message, len(row.trail)) == (state, "As it was.", 1)


def test_issues_of_others_are_ignored(make_source):
    row = ledger(make_source, "unknown")
    (event,) = taken(linear("somebody-elses", timezone.now()), system="linear")
    row.refresh_from_db()
    assert (event.state, row.state, row.trail) == ("ignored", "unknown", [])


@pytest.mark.row("7.6", "R42")
def test_secrets_are_sealed_and_shown_nowhere(zendesk_source, settings):
    secret = SECRETS["zendesk"]
    assert secret not in zendesk_source.secret_sealed
    assert unseal(zendesk_source.secret_sealed).value == secret
    source_save(actor=SYSTEM, source=zendesk_source, secret="zendesk-signing-secret-2")
    lines = Activity.objects.values_list("before", "after")
    assert "zendesk-signing" not in str(list(lines))
    assert sources_reseal(actor=SYSTEM) == 1
    zendesk_source.refresh_from_db()
    assert unseal(zendesk_source.previous_sealed).value == secret


def test_the_limit_of_a_body_is_256_kb():
    assert receiving.MAX_BODY_BYTES == 256 * 1024
