"""Handoffs are told elsewhere: what exactly, in which order, once, and what a person does where it failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, Job
from integrations.handoff_webhook import MAX_BODY_BYTES
from integrations.outgoing import encoded
from runtime.actions import breaker
from runtime.actions.reconciling import ledger_settle
from runtime.actions.retention import ledger_erase
from runtime.contracts import TurnRequest
from runtime.delivery.configuring import destination_save, destination_test
from runtime.delivery.sending import deliveries_sweep, payload_of
from runtime.delivery.settling import delivery_look, delivery_retry, delivery_settle
from runtime.models import ActionLedger, Connection, HandoffDelivery, HandoffDestination, Turn
from runtime.placement import Scope
from runtime.services import handoff_accept, handoff_resolve, handoff_return, turn_take
from tests.integrations.stand_ins import help_desks, server, systems
from tests.runtime.conftest import ENGINES
from tests.runtime.delivery.conftest import ALL, SYSTEM, hand_over, later, states, work

pytestmark = pytest.mark.django_db
EVIL = "I want a human <img src=x onerror=alert(1)> & {{ticket.requester.email}} @channel http://evil.example"


@pytest.mark.row("4.16")
def test_a_queued_handoff_opens_one_zendesk_ticket_with_an_internal_note(zendesk, make_destination):
    stand_in, desk = zendesk
    make_destination("zendesk", stand_in.url)
    handoff = hand_over(EVIL, external_id="kim@example.com", tier="pro", verified=True)
    assert (states(), desk.tickets) == ([("queued", "waiting")], [])  # the turn itself sends nothing
    work()
    assert states() == [("queued", "sent")]
    (ticket,) = desk.tickets
    assert ticket["external_id"].startswith(f"handoff-{handoff.pk}-")
    assert ticket["comment"]["public"] is False
    assert ticket["priority"] == "high"
    assert ticket["group_id"] == 77
    assert ticket["tags"] == ["ai_handoff", f"ai_handoff_{handoff.reason}", "billing"]
    assert ticket["requester"] == {"email": "kim@example.com", "name": "kim@example.com"}
    text = ticket["comment"]["html_body"]
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; {\u200b{ticket" in text
    assert "@\u200bchannel http:\u200b//evil.example" in text
    assert f'href="https://desk.example/admin/runtime/handoff/{handoff.pk}/change/"' in text
    assert "Data export (0.93)" in text
    assert "{{" not in ticket["subject"]
    request = next(one for one in stand_in.requests if one.method == "POST")
    assert len(request.headers["idempotency-key"]) == 36
    delivery = HandoffDelivery.objects.get()
    assert (delivery.external_id, delivery.external_url) == ("1", f"{stand_in.url}/agent/tickets/1")
    assert delivery.sent_at is not None


def test_nobody_gets_a_ticket_in_a_name_that_anyone_may_claim(zendesk, freshdesk, make_destination):
    make_destination("zendesk", zendesk[0].url)
    make_destination("freshdesk", freshdesk[0].url)
    hand_over(external_id="victim@example.com", verified=False)
    work()
    assert "requester" not in zendesk[1].tickets[0]
    (ticket,) = freshdesk[1].tickets
    assert ticket["email"] == help_desks.TEAM_ADDRESS
    assert "<b>Rule:</b>" in ticket["description"]  # only the team reads it


@pytest.mark.row("4.16")
def test_a_freshdesk_ticket_shows_its_requester_the_conversation_and_nothing_of_ours(
    freshdesk, make_destination
):
    make_destination("freshdesk", freshdesk[0].url)
    hand_over(EVIL, external_id="kim@example.com", verified=True)
    work()
    (ticket,) = freshdesk[1].tickets
    assert (ticket["email"], ticket["status"], ticket["priority"]) == ("kim@example.com", 2, 3)
    assert "I want a human &lt;img" in ticket["description"]
    assert "Rule" not in ticket["description"]
    assert "0.93" not in ticket["description"]
    assert all(len(tag) <= 32 for tag in ticket["tags"])


@pytest.mark.row("4.16")
def test_slack_gets_a_summary_and_the_rest_in_its_thread(slack, make_destination):
    stand_in, channel = slack
    make_destination("slack", stand_in.url)
    handoff = hand_over("I want a human <!channel> @here\n<https://evil.example|ok>")
    work()
    handoff_accept(actor=SYSTEM, handoff=handoff, agent="<@U1> Ada")
    handoff_resolve(actor=SYSTEM, handoff=handoff, note="Refunded & told")
    work()
    assert states() == [("queued", "sent"), ("accepted", "sent"), ("resolved", "sent")]
    first, second, third = channel.messages
    link = f"<https://desk.example/admin/runtime/handoff/{handoff.pk}/change/|Open it>"
    assert first["text"].splitlines()[0] == f"*Handoff {handoff.pk}* waits for a person. {link}"
    assert "<!channel>" not in first["text"]
    assert "> I want a human &lt;!channel&gt; @\u200bhere" in first["text"]
    assert "&lt;https:\u200b//evil.example|ok&gt;" in first["text"]
    assert (first["link_names"], first["parse"]) == (False, "none")
    assert "thread_ts" not in first
    assert second["thread_ts"] == third["thread_ts"] == first["ts"]
    assert second["text"].endswith("*By:* &lt;@\u200bU1&gt; Ada")
    assert third["text"].endswith("*Note:* Refunded &amp; told")


@pytest.mark.row("4.16", "4.10", "R43")
def test_a_webhook_is_told_of_each_event_with_the_packet_in_order(receiver, make_destination):
    stand_in, hook = receiver
    make_destination("webhook", stand_in.url)
    handoff = hand_over(external_id="c-1")
    handoff_accept(actor=SYSTEM, handoff=handoff, agent="Ada")
    handoff_return(actor=SYSTEM, handoff=handoff, note="Asked again")
    work()
    queued, accepted, returned = hook.effects.values()  # signed, or the receiver would have refused
    assert [one["type"] for one in (queued, accepted, returned)] == [
        "handoff.queued",
        "handoff.accepted",
        "handoff.returned",
    ]
    assert queued["data"]["packet"] == handoff.packet
    assert queued["data"] | {"packet": None} == {
        "handoff_id": handoff.pk,
        "conversation_id": str(handoff.conversation_id),
        "state": "queued",
        "reason": handoff.reason,
        "reason_label": handoff.get_reason_display(),
        "url": f"https://desk.example/admin/runtime/handoff/{handoff.pk}/change/",
        "by": "",
        "note": "",
        "test": False,
        "shortened": [],
        "packet": None,
    }
    assert (accepted["data"]["by"], returned["data"]["note"]) == ("Ada", "Asked again")


@pytest.mark.row("R43")
@pytest.mark.parametrize("text", ["x" * 3000, "\U0001f600" * 3000, '"' * 3000])
def test_a_long_packet_is_cut_at_the_front_to_20_kb_and_says_so(text, make_destination):
    make_destination("webhook", "https://hooks.example/")
    handoff = hand_over()
    line = {"turn": 1, "role": "customer", "at": "2026-11-30T10:00:00Z"}
    handoff.packet["transcript"] = [{**line, "text": f"{number} {text}"} for number in range(200)]
    handoff.packet["attempted_steps"] *= 50
    handoff.save()
    delivery = HandoffDelivery.objects.select_related("handoff__turn", "destination__connection").get()
    delivery.refresh_from_db()
    body = payload_of(delivery)["body"]
    assert len(encoded(body)) <= MAX_BODY_BYTES
    kept = body["data"]["packet"]["transcript"]
    assert kept[-1]["text"].startswith("199 ")
    assert body["data"]["shortened"][0] == "packet.transcript"
    assert len(handoff.packet["transcript"]) == 200  # the packet itself is left alone


@pytest.mark.row("4.17")
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, True),
        ({"reasons": ["human_request"]}, True),
        ({"reasons": ["low_confidence", "human_request"]}, True),
        ({"reasons": ["low_confidence"]}, False),
        ({"enabled": False}, False),
    ],
)
def test_a_destination_is_told_of_the_reasons_it_asks_for(fields, told, make_destination):
    make_destination("webhook", "https://hooks.example/", **fields)
    handoff = hand_over()
    assert handoff.reason == "human_request"
    assert HandoffDelivery.objects.exists() is told
    assert Job.objects.filter(task="runtime.tasks.deliver_handoff").exists() is told


def test_events_that_were_not_asked_for_are_not_told(slack, make_destination):
    make_destination("slack", slack[0].url, events=["queued", "resolved"])
    handoff = hand_over()
    handoff_accept(actor=SYSTEM, handoff=handoff)
    handoff_resolve(actor=SYSTEM, handoff=handoff)
    assert [event for event, _ in states()] == ["queued", "resolved"]


@pytest.mark.row("R59")
def test_a_turn_in_shadow_mode_is_told_nowhere(make_destination, monkeypatch):
    make_destination("webhook", "https://hooks.example/")
    scope = Scope(1, "channel", "api", "shadow")
    monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: (scope,))
    turn_take(actor=SYSTEM, request=TurnRequest("I'll sue you over this."), engines=ENGINES)
    assert (Turn.objects.get().decision, HandoffDelivery.objects.count()) == ("escalate", 0)


def test_a_handoff_that_is_rolled_back_leaves_no_delivery(make_destination):
    make_destination("webhook", "https://hooks.example/")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        hand_over()
        raise ZeroDivisionError
    assert (HandoffDelivery.objects.count(), ActionLedger.objects.count()) == (0, 0)
    assert not Job.objects.filter(task="runtime.tasks.deliver_handoff").exists()


@pytest.mark.row("4.16", "R45")
def test_a_dead_destination_delays_neither_turn_nor_move_and_is_told_in_order_afterwards(
    receiver, make_destination
):
    stand_in, hook = receiver
    make_destination("webhook", "http://127.0.0.1:1")
    handoff = hand_over()
    work()
    handoff_accept(actor=SYSTEM, handoff=handoff)
    work()
    assert states() == [("queued", "waiting"), ("accepted", "waiting")]
    first = _only("queued")
    assert (first.retries, first.error_code) == (1, "unreachable")
    assert first.due_at > timezone.now()
    assert _only("accepted").call is None  # it waits its turn
    Connection.objects.update(url=stand_in.url)
    later(minutes=2)
    assert [message["type"] for message in hook.effects.values()] == ["handoff.queued", "handoff.accepted"]
    assert states() == [("queued", "sent"), ("accepted", "sent")]


@pytest.mark.row("R45")
def test_a_dead_system_opens_the_breaker_and_costs_no_more_calls(zendesk, make_destination, monkeypatch):
    stand_in, desk = zendesk
    monkeypatch.setattr(breaker, "FAILURES", 2)
    make_destination("zendesk", stand_in.url)
    stand_in.faults.extend([server.ERROR_BEFORE] * 30)
    for _ in range(4):
        hand_over()
    work()
    assert Connection.objects.get().is_paused()
    asked = len([one for one in stand_in.requests if one.method == "POST"])
    assert asked == 8  # two calls of four tries each
    codes = set(HandoffDelivery.objects.values_list("error_code", flat=True))
    assert "paused" in codes
    stand_in.faults.clear()
    for _ in range(3):
        later(hours=1)
    assert {state for _, state in states()} == {"sent"}
    assert len(desk.tickets) == len({one["external_id"] for one in desk.tickets}) == 4


def test_what_a_help_desk_refuses_waits_for_a_person_who_mends_it_and_sends_it_again(
    zendesk, make_destination
):
    stand_in, desk = zendesk
    destination = make_destination("zendesk", stand_in.url, settings={"group_id": "99"})
    hand_over()
    work()
    delivery = _only()
    assert (delivery.state, delivery.error_code, delivery.due_at) == ("failed", "refused", None)
    assert "Group: is invalid" in delivery.message
    later()
    assert (_only().state, len(stand_in.requests)) == ("failed", 1)  # nothing by itself
    destination.settings = {"group_id": "77"}
    destination_save(actor=SYSTEM, destination=destination)
    delivery_retry(actor=SYSTEM, delivery=_only())
    work()
    assert (_only().state, desk.tickets[0]["group_id"]) == ("sent", 77)
    assert Activity.objects.filter(verb="handoffdelivery.retried").count() == 1
    with pytest.raises(Conflict):
        delivery_retry(actor=SYSTEM, delivery=_only())


def test_a_webhook_that_refuses_is_asked_again_for_days_then_switched_off_with_a_notice(
    receiver, make_destination
):
    stand_in, hook = receiver
    destination = make_destination("webhook", stand_in.url)
    hook.secret = "whsec_" + "A" * 32  # so it answers 401
    hand_over()
    work()
    tries = [len(stand_in.requests)]
    for _ in range(4):
        later(hours=15)
        tries.append(len(stand_in.requests))
    assert tries == [1, 2, 3, 4, 5]
    assert _only().state == "waiting"
    assert HandoffDestination.objects.get().enabled
    later(hours=15)
    assert _only().state == "failed"
    destination.refresh_from_db()
    assert not destination.enabled
    assert destination.disabled_because == (
        "Switched off by itself: for 3 days it could not be told. The webhook refuses with 401."
    )
    assert Activity.objects.filter(verb="handoffdestination.switched_off").count() == 1


def test_a_webhook_that_is_gone_is_switched_off_at_once(receiver, make_destination):
    stand_in, _ = receiver
    make_destination("webhook", stand_in.url)
    stand_in.answer = lambda request: (410, {})
    hand_over()
    hand_over()
    work()
    assert {state for _, state in states()} == {"failed"}
    assert len(stand_in.requests) == 1  # the second handoff is not tried any more
    destination = HandoffDestination.objects.get()
    assert (destination.enabled, destination.disabled_because) == (
        False,
        "Switched off by itself: The webhook is gone (410).",
    )


def test_an_outcome_that_is_not_known_is_looked_up_and_the_ticket_found(zendesk, make_destination):
    stand_in, desk = zendesk
    make_destination("zendesk", stand_in.url)
    stand_in.faults.extend([server.SILENT_AFTER, server.SILENT_AFTER, server.SILENT_AFTER])
    hand_over()
    work()
    assert _only().state == "unknown"
    stand_in.faults.clear()
    posts = [one for one in stand_in.requests if one.method == "POST"]
    assert len({one.headers["idempotency-key"] for one in posts}) == 1
    delivery_look(actor=SYSTEM, delivery=_only())
    assert (_only().state, _only().external_id, len(desk.tickets)) == ("sent", "1", 1)


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("1800", 1800, 2250), ("0", 30, 40), ("9" * 9, 86_400, 108_000)]
)
def test_a_help_desk_that_asks_to_wait_is_left_alone_for_so_long(
    asked, least, most, freshdesk, make_destination
):
    stand_in, desk = freshdesk
    make_destination("freshdesk", stand_in.url)
    stand_in.retry_after = asked
    stand_in.faults.extend([server.BUSY] * 4)
    before = timezone.now()
    hand_over()
    work()
    waits = (_only().due_at - before).total_seconds()
    assert (_only().state, _only().error_code) == ("waiting", "rate_limited_there")
    assert least <= waits <= most
    stand_in.faults.clear()
    later(days=2)
    assert (_only().state, len(desk.tickets)) == ("sent", 1)


def test_freshdesk_is_never_asked_twice_before_it_is_known(freshdesk, make_destination):
    stand_in, desk = freshdesk
    make_destination("freshdesk", stand_in.url)
    stand_in.faults.append(server.RESET_BEFORE)
    hand_over()
    work()
    assert (_only().state, len(stand_in.requests)) == ("unknown", 1)
    stand_in.faults.extend([server.ERROR_BEFORE] * 2)  # the look fails too
    later(minutes=2)
    assert (_only().state, len(desk.tickets)) == ("unknown", 0)
    stand_in.faults.clear()
    later(hours=1)  # now the look says: not there
    later(hours=1)
    assert (_only().state, len(desk.tickets)) == ("sent", 1)


def test_a_ticket_that_freshdesks_search_does_not_show_yet_is_found_in_the_list(freshdesk, make_destination):
    stand_in, desk = freshdesk
    make_destination("freshdesk", stand_in.url)
    desk.tickets.extend({"id": 900 + number, "tags": []} for number in range(150))
    stand_in.faults.append(server.TRUNCATED_AFTER)
    hand_over()
    work()
    later(minutes=2)
    assert (_only().state, len(desk.tickets)) == ("sent", 151)


@pytest.mark.row("4.16")
def test_a_person_settles_what_no_system_tells_and_the_next_event_follows(slack, make_destination):
    stand_in, channel = slack
    channel.may_read = False
    make_destination("slack", stand_in.url)
    stand_in.faults.append(server.RESET_AFTER)
    handoff = hand_over()
    work()
    handoff_accept(actor=SYSTEM, handoff=handoff)
    for _ in range(9):
        later()
    assert states() == [("queued", "unknown"), ("accepted", "waiting")]
    assert _only("queued").due_at is None  # it waits for a person
    delivery_settle(actor=SYSTEM, delivery=_only("queued"), happened=True, note="I see it")
    work()
    assert states() == [("queued", "sent"), ("accepted", "sent")]
    assert len(channel.messages) == 2


def test_what_is_settled_in_the_ledger_reaches_the_delivery(slack, make_destination):
    stand_in, _ = slack
    make_destination("slack", stand_in.url)
    stand_in.faults.append(server.RESET_AFTER)
    hand_over()
    work()
    Job.objects.all().delete()
    ledger_settle(actor=SYSTEM, row=ActionLedger.objects.get(), happened=False, note="not there")
    assert deliveries_sweep() == {"lanes": 1}
    work()
    assert (_only().state, _only().error_code) == ("failed", "settled_not_done")
    assert deliveries_sweep() == {"lanes": 0}


def test_a_lost_job_is_found_by_the_sweep(zendesk, make_destination):
    make_destination("zendesk", zendesk[0].url)
    hand_over()
    Job.objects.all().delete()
    assert deliveries_sweep() == {"lanes": 1}
    work()
    assert states() == [("queued", "sent")]
    assert deliveries_sweep() == {"lanes": 0}


def test_what_is_switched_off_meanwhile_fails_with_a_word_why(zendesk, make_destination):
    destination = make_destination("zendesk", zendesk[0].url)
    hand_over()
    HandoffDestination.objects.update(enabled=False)
    work()
    assert (_only().state, _only().error_code) == ("failed", "destination_disabled")
    assert (zendesk[0].requests, ActionLedger.objects.count()) == ([], 0)
    with pytest.raises(Exception, match="is switched off"):
        delivery_retry(actor=SYSTEM, delivery=_only())
    destination_save(actor=SYSTEM, destination=destination)
    delivery_retry(actor=SYSTEM, delivery=_only())
    work()
    assert states() == [("queued", "sent")]


def test_telling_of_handoffs_takes_nothing_from_what_flows_may_do(receiver, make_destination):
    for name in "abcde":
        make_destination("webhook", receiver[0].url, name=name)
    hand_over()
    work()
    assert {state for _, state in states()} == {"sent"}  # five writes of one conversation
    assert len(receiver[1].effects) == 5


@pytest.mark.row("R52")
def test_erasing_a_conversations_calls_leaves_none_of_its_words(zendesk, make_destination):
    make_destination("zendesk", zendesk[0].url)
    handoff = hand_over("I want a human, says CANARY-52")
    work()
    assert "CANARY-52" in str(ActionLedger.objects.get().payload)
    ledger_erase(conversation_ids=[handoff.conversation_id])
    assert "CANARY-52" not in str(list(ActionLedger.objects.values()))


@pytest.mark.row("4.16")
def test_a_test_handoff_is_sent_once_per_look_and_says_so_everywhere(zendesk, make_destination):
    stand_in, desk = zendesk
    destination = make_destination("zendesk", stand_in.url)
    stale = HandoffDestination.objects.get()
    destination_test(actor=SYSTEM, destination=destination)
    with pytest.raises(Conflict, match="has just sent a test"):
        destination_test(actor=SYSTEM, destination=stale)
    (ticket,) = desk.tickets
    assert ticket["subject"].startswith("[Test] Handoff 0: ")
    stale.refresh_from_db()
    assert (stale.tests, stale.test_result) == (1, "Works: Zendesk ticket 1.")
    destination_test(actor=SYSTEM, destination=stale)
    assert len(desk.tickets) == 2
    assert HandoffDelivery.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("zendesk", {"settings": {"priority": "now"}}, "bad_setting"),
        ("zendesk", {"settings": {"group_id": "Billing"}}, "bad_setting"),
        ("zendesk", {"settings": {"tags": ["a b"]}}, "bad_setting"),
        ("zendesk", {"events": ALL}, "event_not_told"),
        ("zendesk", {"reasons": ["nonsense"]}, "no_such_reason"),
        ("freshdesk", {"settings": {}}, "missing_setting"),
        ("slack", {"settings": {"channel": "#general"}}, "missing_setting"),
        ("webhook", {"events": []}, "no_event"),
        ("webhook", {"events": ["accepted"]}, "no_event"),
    ],
)
def test_a_destination_that_could_not_be_told_is_refused_and_not_kept(kind, fields, code, make_destination):
    urls = {"zendesk": "https://a.zendesk.com", "freshdesk": "https://a.freshdesk.com", "slack": ""}
    with pytest.raises(InvalidInput) as refused:
        make_destination(kind, urls.get(kind, "https://hooks.example/"), **fields)
    assert refused.value.code == code
    assert HandoffDestination.objects.count() == 0


def test_a_destination_needs_a_connection_to_its_own_system(make_destination):
    destination = make_destination("webhook", "https://hooks.example/")
    destination.kind = "slack"
    with pytest.raises(InvalidInput, match="Choose a connection to Slack"):
        destination_save(actor=SYSTEM, destination=destination)


@pytest.mark.row("R44")
@pytest.mark.parametrize(
    "url",
    [
        "https://zendesk.com.evil.example",
        "https://evilzendesk.com",
        "https://acme.zendesk.com@evil.example",
        "https://acme.zendesk.com/path",
        "https://acme.zendesk.com:8443",
        "https://acme.zendesk.com?x=1",
        "http://acme.zendesk.com",
        "https://10.0.0.1",
        "https://acme.freshdesk.com",
    ],
)
def test_a_zendesk_token_goes_to_zendesk_and_nowhere_else(url, make_destination):
    with pytest.raises(InvalidInput):
        make_destination("zendesk", url)
    assert Connection.objects.count() == 0


@pytest.mark.parametrize("change", [destination_test, destination_save])
def test_who_may_not_change_destinations_sends_nothing(change, zendesk, make_destination, django_user_model):
    destination = make_destination("zendesk", zendesk[0].url)
    nobody = Actor.of_user(django_user_model.objects.create_user("nobody", password="x"))
    with pytest.raises(NotAllowed):
        change(actor=nobody, destination=destination)
    assert (zendesk[0].requests, HandoffDestination.objects.get().tests) == ([], 0)


def test_the_time_of_an_event_is_that_of_the_move_however_late_it_is_sent(receiver, make_destination):
    make_destination("webhook", receiver[0].url)
    hand_over()
    long_ago = timezone.now().replace(microsecond=0) - timedelta(hours=2)
    HandoffDelivery.objects.update(created_at=long_ago)
    work()
    (message,) = receiver[1].effects.values()
    assert message["timestamp"] == long_ago.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert systems.WEBHOOK_SECRET not in str(ActionLedger.objects.get().payload)


def _only(event: str = "queued") -> HandoffDelivery:
    rows = HandoffDelivery.objects.select_related("call", "destination__connection", "handoff__turn")
    return rows.get(event=event)
