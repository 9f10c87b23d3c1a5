"""One key, one effect: what is written down, what is returned, and what two callers at once do."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.utils import timezone

from core import jobs
from core.errors import Conflict
from core.models import Job
from runtime.actions import breaker, reconciling
from runtime.actions.configuring import NewParameter
from runtime.actions.contracts import ActionCall
from runtime.actions.preparing import access_to
from runtime.actions.reconciling import ledger_look, ledger_reconcile, ledger_retry, ledger_settle
from runtime.actions.retention import ledger_erase, ledger_forget
from runtime.actions.services import action_run
from runtime.models import ActionLedger, Connection
from tests.integrations.stand_ins import server, systems
from tests.runtime.actions.conftest import SYSTEM

CONVERSATION = uuid.UUID("7d3f2b6a-0000-4000-8000-000000000001")
CALL = ActionCall(
    action="linear_create_issue",
    arguments={"title": "Export fails", "description": "It says 500."},
    idempotency_key="conversation-1:run-1:report",
    conversation_id=CONVERSATION,
    reference="turn 3, step report",
)


def other(call: ActionCall = CALL, **changes: Any) -> ActionCall:
    values = {name: getattr(call, name) for name in call.__slots__} | changes
    return ActionCall(**values)


@pytest.mark.row("3.13", "R39")
def test_two_calls_under_one_key_make_one_issue_and_tell_the_same(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    first, second = action_run(CALL), action_run(CALL)
    assert first == second
    assert first.state == "succeeded"
    assert first.data == {
        "issue_identifier": "SUP-1",
        "issue_url": "https://linear.app/stand-in/issue/SUP-1",
    }
    assert len(book.effects) == 1
    row = ActionLedger.objects.get()
    assert (row.state, row.attempts, row.conversation_id, row.reference) == (
        "succeeded",
        1,
        CONVERSATION,
        "turn 3, step report",
    )
    assert (row.pk, row.idempotency_key) == (first.ledger_id, CALL.idempotency_key)


@pytest.mark.row("3.13")
def test_a_dry_run_shows_the_exact_payload_and_sends_nothing(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    shown = action_run(other(dry_run=True))
    assert shown.state == "dry_run"
    assert shown.ledger_id is None
    assert linear.requests == []
    assert ActionLedger.objects.count() == 0
    assert shown.payload["url"] == f"{linear.url}/graphql"
    assert systems.LINEAR_KEY not in str(shown)
    action_run(CALL)
    assert linear.requests[0].json == shown.payload["body"]
    assert shown.payload["body"]["variables"]["input"] == {
        "id": str(uuid.UUID(shown.payload["body"]["variables"]["input"]["id"], version=4)),
        "teamId": systems.TEAM_ID,
        "title": "Export fails",
        "description": "It says 500.",
        "priority": 2,
    }


@pytest.mark.row("3.13")
def test_parameters_of_ones_own_become_lines_of_the_issue(book, linear, make_action):
    make_action(
        "linear_create_issue",
        linear.url,
        parameters=[NewParameter("title"), NewParameter("steps_to_reproduce", max_length=500)],
    )
    action_run(other(arguments={"title": "x", "steps_to_reproduce": "1. open\n2. ![p](http://evil/x.png)"}))
    issue = next(iter(book.issues.values()))
    assert issue["description"] == (
        "**Steps to reproduce:** 1\\. open\n2\\. \\!\\[p\\](http:\u200b//evil/x.png)"
    )


@pytest.mark.row("3.13")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"action": "nothing"}, "There is no action nothing"),
        ({"arguments": {"title": "x", "colour": "red"}}, "has no parameter colour"),
        ({"arguments": {"title": "  "}}, "title is missing"),
        ({"arguments": {"title": "x" * 251}}, "longer than 250"),
        ({"arguments": {"title": "\ud83d"}}, "no text has"),
        ({"arguments": {"title": "a\x00b"}}, "no text has"),
        ({"idempotency_key": ""}, "1 to 200"),
        ({"idempotency_key": "a\x00"}, "1 to 200"),
    ],
)
def test_a_call_that_cannot_be_meant_fails_and_writes_nothing(changes, words, linear, make_action):
    make_action("linear_create_issue", linear.url)
    result = action_run(other(**changes))
    assert result.state == "failed"
    assert words in result.message
    assert (linear.requests, ActionLedger.objects.count()) == ([], 0)


def test_a_disabled_action_or_connection_sends_nothing_but_still_tells_what_was_done(
    book, linear, make_action
):
    action = make_action("linear_create_issue", linear.url)
    done = action_run(CALL)
    action.enabled = False
    action.save()
    assert action_run(CALL) == done
    refused = action_run(other(idempotency_key="new"))
    assert (refused.state, refused.message) == ("failed", "The action linear_create_issue is disabled.")
    action.enabled = True
    action.save()
    Connection.objects.update(enabled=False)
    assert "is disabled" in action_run(other(idempotency_key="new")).message
    assert len(book.effects) == 1


def test_another_call_under_the_same_key_is_refused(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    result = action_run(other(arguments={"title": "Something else"}))
    assert (result.state, result.message) == ("failed", "This idempotency key was used for another call.")
    assert len(book.effects) == 1


@pytest.mark.django_db(transaction=True)
def test_a_call_inside_a_transaction_is_a_bug_and_sends_nothing(linear, make_action):
    make_action("linear_create_issue", linear.url)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        action_run(CALL)
    assert (linear.requests, ActionLedger.objects.count()) == ([], 0)


@pytest.mark.row("3.13", "R39")
@pytest.mark.django_db(transaction=True)
def test_the_row_is_committed_before_anything_is_sent(linear, make_action):
    make_action("linear_create_issue", linear.url)
    seen = []

    def look() -> None:  # in the server's thread, so on a connection of its own
        seen.extend(ActionLedger.objects.values_list("state", "attempts"))
        connections.close_all()

    linear.before_answer = look
    action_run(CALL)
    assert seen == [("running", 1)]


@pytest.mark.row("3.13", "R39")
@pytest.mark.django_db(transaction=True)
def test_of_callers_at_once_one_sends_and_the_others_learn_of_it(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    results = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        results.append(action_run(CALL))
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(book.effects) == 1
    assert len(linear.requests) == 1
    assert {result.state for result in results} <= {"succeeded", "unknown"}
    assert sum(result.state == "succeeded" for result in results) >= 1
    assert action_run(CALL).state == "succeeded"


def test_a_call_that_runs_elsewhere_is_unknown_to_the_second_caller(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    ActionLedger.objects.update(state="running", finished_at=None)
    result = action_run(CALL)
    assert (result.state, result.message) == ("unknown", "The same call is still running.")
    assert len(book.effects) == 1


@pytest.mark.row("3.13")
def test_rows_of_a_killed_process_become_unknown_and_are_looked_up(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    past = timezone.now() - timedelta(seconds=1)
    ActionLedger.objects.update(state="running", finished_at=None, lease_until=past, data={})
    assert ledger_reconcile() == {"abandoned": 1, "succeeded": 1, "failed": 0, "unknown": 0}
    row = ActionLedger.objects.get()
    assert (row.state, row.data["issue_identifier"], row.looks) == ("succeeded", "SUP-1", 1)
    assert ledger_reconcile() == {"abandoned": 0, "succeeded": 0, "failed": 0, "unknown": 0}


def test_a_row_that_nobody_claimed_and_one_without_a_try_had_no_effect(linear, make_action):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    action_run(other(idempotency_key="second"))
    first, second = ActionLedger.objects.order_by("pk")
    past = timezone.now() - timedelta(minutes=5)
    ActionLedger.objects.filter(pk=first.pk).update(
        state="pending", claims=0, created_at=past, finished_at=None
    )
    ActionLedger.objects.filter(pk=second.pk).update(
        state="running", attempts=0, lease_until=past, finished_at=None
    )
    assert ledger_reconcile()["abandoned"] == 2
    assert list(ActionLedger.objects.order_by("pk").values_list("state", "error_code")) == [
        ("failed", "not_sent"),
        ("failed", "interrupted"),
    ]


@pytest.mark.row("3.13")
def test_an_unclear_post_to_slack_is_looked_up_and_found(slack, make_action):
    stand_in, channel = slack
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.SILENT_AFTER)
    call = ActionCall("slack_post_message", {"text": "A customer waits"}, "k")
    result = action_run(call, deadline_seconds=1)
    assert result.state == "unknown"
    assert len(channel.messages) == 1
    row = ActionLedger.objects.get()
    assert row.look_at is not None
    waiting = Job.objects.get(task="runtime.tasks.reconcile_actions")
    assert waiting.arguments == {"ledger_id": row.pk}
    Job.objects.update(available_at=timezone.now())
    jobs.run_due()
    row.refresh_from_db()
    assert (row.state, row.data["channel"], row.data["ts"]) == (
        "succeeded",
        systems.CHANNEL,
        channel.messages[0]["ts"],
    )
    assert [line["what"] for line in row.trail] == ["try", "look"]
    assert action_run(call).state == "succeeded"
    assert len(channel.messages) == 1


def test_a_post_that_is_not_in_the_channel_may_be_sent_again_by_a_person(slack, make_action, make_user):
    stand_in, channel = slack
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.RESET_BEFORE)
    call = ActionCall("slack_post_message", {"text": "A customer waits"}, "k")
    assert action_run(call, deadline_seconds=1).state == "unknown"
    row = ledger_look(ActionLedger.objects.get())
    assert (row.state, row.error_code) == ("failed", "not_there")
    assert action_run(call).state == "failed"  # never by itself
    assert channel.messages == []
    ledger_retry(actor=SYSTEM, row=row)
    jobs.run_due()
    row.refresh_from_db()
    assert (row.state, len(channel.messages)) == ("succeeded", 1)
    assert action_run(call).state == "succeeded"


@pytest.mark.row("3.13")
def test_what_no_system_can_tell_waits_for_a_person_who_settles_it(slack, make_action, monkeypatch):
    stand_in, channel = slack
    channel.may_read = False
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.ERROR_AFTER)
    call = ActionCall("slack_post_message", {"text": "A customer waits"}, "k")
    assert action_run(call, deadline_seconds=1).state == "unknown"
    row = ActionLedger.objects.get()
    for _ in range(len(reconciling.LOOK_SECONDS)):
        row = ledger_look(row)
        assert (row.state, row.error_code) == ("unknown", "missing_scope")
    assert row.look_at is None
    assert ledger_reconcile()["unknown"] == 0  # no more by itself
    ledger_settle(actor=SYSTEM, row=row, happened=True, note="It is in the channel.")
    assert (row.state, row.settled_by, row.note) == ("succeeded", "test", "It is in the channel.")
    with pytest.raises(Conflict):
        ledger_settle(actor=SYSTEM, row=row, happened=False, note="")
    assert action_run(call).state == "succeeded"
    assert len(channel.messages) == 1


def test_calls_beyond_the_limit_of_a_connection_are_refused_here(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    Connection.objects.update(calls_per_minute=2)
    calls = [other(idempotency_key=f"k{n}", conversation_id=None) for n in range(4)]
    assert [action_run(call).state for call in calls] == ["succeeded", "succeeded", "failed", "failed"]
    assert ActionLedger.objects.filter(error_code="rate_limited").count() == 2
    assert len(book.effects) == 2


@pytest.mark.row("R57")
def test_a_conversation_has_three_actions_at_most(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    states = [action_run(other(idempotency_key=f"k{n}")).state for n in range(5)]
    assert states == ["succeeded"] * 3 + ["failed"] * 2
    elsewhere = other(idempotency_key="elsewhere", conversation_id=uuid.uuid4())
    assert action_run(elsewhere).state == "succeeded"
    assert set(ActionLedger.objects.filter(state="failed").values_list("error_code", flat=True)) == {
        "too_many_actions"
    }
    assert len(book.effects) == 4


def test_what_was_sent_a_moment_ago_may_still_arrive(slack, make_action, monkeypatch):
    stand_in, _ = slack
    monkeypatch.setattr(reconciling, "ARRIVAL_SECONDS", 60)
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.RESET_BEFORE)
    action_run(ActionCall("slack_post_message", {"text": "x"}, "k"), deadline_seconds=1)
    row = ledger_look(ActionLedger.objects.get())
    assert (row.state, row.error_code) == ("unknown", "too_soon")
    ActionLedger.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert ledger_look(row).state == "unknown"  # as it was read before
    assert ledger_look(ActionLedger.objects.get()).state == "failed"


@pytest.mark.row("3.13", "R45")
def test_a_system_that_is_down_is_left_alone_until_a_probe_reaches_it(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    linear.faults.extend([server.ERROR_BEFORE] * 50)
    for number in range(5):
        call = other(idempotency_key=f"down{number}", conversation_id=None)
        action_run(call, deadline_seconds=3)
    asked = len(linear.requests)
    paused = action_run(other(idempotency_key="paused"))
    assert (paused.state, "paused" in paused.message) == ("failed", True)
    assert len(linear.requests) == asked
    assert Connection.objects.get().is_paused()
    linear.faults.clear()
    Connection.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    assert action_run(other(idempotency_key="probe")).state == "succeeded"
    connection = Connection.objects.get()
    assert (connection.failures, connection.open_until) == (0, None)
    assert action_run(other(idempotency_key="after")).state == "succeeded"


def test_while_one_probes_the_others_wait(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    Connection.objects.update(failures=5, open_until=timezone.now() - timedelta(seconds=1))
    row = Connection.objects.get()
    assert breaker.may_call(row) is True
    assert breaker.may_call(row) is False  # read before, claimed since
    assert breaker.may_call(Connection.objects.get()) is False


@pytest.mark.row("3.13")
def test_words_of_customers_are_forgotten_but_the_key_still_holds(book, linear, make_action, settings):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    assert ledger_forget() == 0
    old = timezone.now() - timedelta(days=settings.ACTION_LEDGER_DAYS, minutes=1)
    ActionLedger.objects.update(created_at=old)
    assert (ledger_forget(), ledger_forget()) == (1, 0)
    row = ActionLedger.objects.get()
    assert (row.arguments, row.payload, row.data, row.message) == ({}, {}, {}, "")
    assert action_run(CALL).state == "succeeded"
    assert len(book.effects) == 1


def test_one_conversations_calls_can_be_erased(linear, make_action):
    make_action("linear_create_issue", linear.url)
    action_run(CALL)
    action_run(other(idempotency_key="other", conversation_id=None))
    assert ledger_erase(conversation_ids=[CONVERSATION]) == 1
    assert [bool(row.payload) for row in ActionLedger.objects.order_by("pk")] == [False, True]


@pytest.mark.row("3.13", "R46")
def test_secrets_are_resealed_with_the_first_key_all_or_none(linear, make_connection, settings):
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    make_connection("linear", linear.url)
    before = Connection.objects.get().secret_sealed
    settings.FIELD_ENCRYPTION_KEYS = [new]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("reseal_secrets")
    assert Connection.objects.get().secret_sealed == before
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    call_command("reseal_secrets", stdout=StringIO())
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert access_to(Connection.objects.get()).secret.value == systems.LINEAR_KEY
