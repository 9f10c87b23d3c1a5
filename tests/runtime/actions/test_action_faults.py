"""Whatever breaks: one effect per key where the system takes a key, else no blind repeat and none lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from runtime.actions import breaker
from runtime.actions.contracts import ActionCall
from runtime.actions.ledger import claim, count_try, row_open
from runtime.actions.preparing import prepare
from runtime.actions.reconciling import ledger_look, ledger_reconcile
from runtime.actions.services import action_run
from runtime.models import ActionLedger, Connection
from tests.integrations.stand_ins import server, systems
from tests.integrations.stand_ins.server import FAULTS, running
from tests.integrations.stand_ins.systems import LinearBook, linear_answer

ROOT = Path(__file__).resolve().parents[3]
COUNT, SOAK_COUNT = 20, 300
DEADLINE = 1.5
ARGUMENTS = {
    "linear_create_issue": {"title": "Export fails", "description": "It says 500."},
    "slack_post_message": {"text": "A customer waits"},
    "webhook_send": {},
}
HAPPENED = frozenset(fault for fault in FAULTS if "after" in fault)


@pytest.fixture(autouse=True)
def never_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "FAILURES", 10_000)


def storm(operation: str, stand_in: Any, count: int) -> list[tuple[str, list[str], str]]:
    """Call under ``count`` keys, each meeting up to three faults; return key, faults and state of each."""
    chance = random.Random(39)
    Connection.objects.update(calls_per_minute=6000)
    told = []
    for number in range(count):
        faults = [chance.choice(FAULTS) for _ in range(chance.randint(0, 3))]
        stand_in.faults.clear()
        stand_in.faults.extend(faults)
        key = f"key-{number}"
        call = ActionCall(operation, ARGUMENTS[operation], key)
        result = action_run(call, deadline_seconds=DEADLINE)
        assert action_run(call) == result
        told.append((key, faults, result.state))
    stand_in.faults.clear()
    return told


def reconciled() -> dict[str, str]:
    for row in ActionLedger.objects.filter(state="unknown"):
        ledger_look(row)
    return dict(ActionLedger.objects.values_list("idempotency_key", "state"))


def check_linear(book: LinearBook, stand_in: Any, count: int) -> None:
    storm("linear_create_issue", stand_in, count)
    states = reconciled()
    assert set(states.values()) <= {"succeeded", "failed"}
    assert max(Counter(book.effects).values()) == 1
    ids = {str(systems.key_uuid(key)): state for key, state in states.items()}
    assert {one for one, state in ids.items() if state == "succeeded"} == set(book.effects)


def check_webhook(hook: Any, stand_in: Any, count: int) -> None:
    storm("webhook_send", stand_in, count)
    states = reconciled()
    done = {systems.message_id(key) for key, state in states.items() if state == "succeeded"}
    failed = {systems.message_id(key) for key, state in states.items() if state == "failed"}
    assert done <= set(hook.effects)
    assert not failed & set(hook.effects)
    assert set(states.values()) <= {"succeeded", "failed"}


def check_slack(channel: Any, stand_in: Any, count: int) -> None:
    told = storm("slack_post_message", stand_in, count)
    for key, faults, state in told:
        first = next((fault for fault in faults if fault != server.BUSY), "")
        if first in (server.REDIRECT, ""):
            assert state == ("failed" if first else "succeeded"), (key, faults)
        else:  # one unclear try ends it: nothing was sent after it
            assert state == "unknown", (key, faults)
    states = reconciled()
    posted = Counter(message["metadata"]["event_payload"]["key"] for message in channel.messages)
    assert max(posted.values()) == 1
    ids = {str(systems.key_uuid(key)): state for key, state in states.items()}
    assert {one for one, state in ids.items() if state == "succeeded"} == set(posted)
    assert set(ids.values()) <= {"succeeded", "failed"}


@pytest.mark.row("3.13", "R39")
def test_faults_on_the_way_to_linear_leave_one_issue_per_key(book, linear, make_action):
    make_action("linear_create_issue", linear.url)
    check_linear(book, linear, COUNT)


@pytest.mark.row("3.13", "R39", "R43")
def test_faults_on_the_way_to_a_webhook_leave_one_effect_per_key(receiver, make_action):
    stand_in, hook = receiver
    make_action("webhook_send", stand_in.url)
    check_webhook(hook, stand_in, COUNT)


@pytest.mark.row("3.13", "R39")
def test_faults_on_the_way_to_slack_repeat_nothing_blindly_and_lose_nothing(slack, make_action):
    stand_in, channel = slack
    make_action("slack_post_message", stand_in.url)
    check_slack(channel, stand_in, COUNT)


@pytest.mark.soak
@pytest.mark.row("R39")
@pytest.mark.timeout(1800)
def test_three_hundred_faults_each(book, linear, receiver, slack, make_action):
    make_action("linear_create_issue", linear.url)
    check_linear(book, linear, SOAK_COUNT)
    ActionLedger.objects.all().delete()
    make_action("webhook_send", receiver[0].url)
    check_webhook(receiver[1], receiver[0], SOAK_COUNT)
    ActionLedger.objects.all().delete()
    make_action("slack_post_message", slack[0].url)
    check_slack(slack[1], slack[0], SOAK_COUNT)


@pytest.mark.row("3.13", "R39")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_single_fault_of_a_post_that_must_not_be_repeated(fault, slack, make_action):
    stand_in, channel = slack
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(fault)
    result = action_run(ActionCall("slack_post_message", {"text": "x"}, "k"), deadline_seconds=DEADLINE)
    posts = [request for request in stand_in.requests if request.path == "/api/chat.postMessage"]
    assert len(posts) == (2 if fault == server.BUSY else 1)
    assert len(channel.messages) == (1 if fault in HAPPENED or fault == server.BUSY else 0)
    expected = {server.BUSY: "succeeded", server.REDIRECT: "failed"}.get(fault, "unknown")
    assert result.state == expected


def test_a_server_that_cannot_be_reached_had_no_effect(linear, make_action):
    make_action("linear_create_issue", linear.url)
    Connection.objects.update(url="http://127.0.0.1:1")
    result = action_run(ActionCall("linear_create_issue", {"title": "x"}, "k"), deadline_seconds=DEADLINE)
    assert result.state == "failed"
    assert "cannot be reached" in result.message
    assert ActionLedger.objects.get().error_code == "unreachable"


def test_no_call_outlives_its_deadline(slack, make_action, monkeypatch):
    stand_in, _ = slack
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.DRIP_AFTER)
    stand_in.slow_seconds = 6
    started = time.monotonic()
    result = action_run(ActionCall("slack_post_message", {"text": "x"}, "k"), deadline_seconds=0.4)
    assert time.monotonic() - started < 3
    assert result.state == "unknown"


def test_a_system_that_asks_to_wait_longer_than_there_is_time_is_not_waited_for(slack, make_action):
    stand_in, channel = slack
    stand_in.retry_after = "30"
    make_action("slack_post_message", stand_in.url)
    stand_in.faults.append(server.BUSY)
    started = time.monotonic()
    result = action_run(ActionCall("slack_post_message", {"text": "x"}, "k"), deadline_seconds=1)
    assert (result.state, len(channel.messages)) == ("failed", 0)
    assert time.monotonic() - started < 3


CALLER = """
import django; django.setup()
from runtime.actions.contracts import ActionCall
from runtime.actions.services import action_run
print(action_run(ActionCall("linear_create_issue", {"title": "Export fails"}, "killed")).state)
"""


@pytest.mark.row("3.13", "R39")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before the effect", "after the effect"])
def test_a_caller_killed_between_commit_and_answer_leaves_one_issue(moment, tmp_path, make_action, book):
    """The killed process has a database of its own, copied from the test's."""
    reached: list[bool] = []
    real = linear_answer(book)

    def answer(request: Any) -> Any:
        given = real(request) if moment == "after the effect" or reached else None
        if not reached:
            reached.append(True)
            caller.send_signal(signal.SIGKILL)
            caller.wait()
        return given or (200, {})

    if django_settings.DATABASES["default"]["ENGINE"].rpartition(".")[2] != "sqlite3":
        pytest.skip("the copy of the database is made for SQLite")
    with running(answer) as stand_in:
        make_action("linear_create_issue", stand_in.url)
        folder = _copied(tmp_path)
        environment = os.environ | {
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "supportadmin.settings",
            "ALLOW_LOOPBACK_ACTIONS": "1",
            "FIELD_ENCRYPTION_KEY": ",".join(django_settings.FIELD_ENCRYPTION_KEYS),
        }
        caller = subprocess.Popen([sys.executable, "-c", CALLER], cwd=ROOT, env=environment)
        assert caller.wait(timeout=60) == -signal.SIGKILL
        states = _rows(folder)
        assert states == [("killed", "running", 1)]
        # The row as the killed process left it, in the test's own database: the sweeper finds and settles it.
        call = ActionCall("linear_create_issue", {"title": "Export fails"}, "killed")
        _take_over(call)
        result = action_run(call)
    assert result.state == ("succeeded" if moment == "after the effect" else "failed")
    assert len(book.effects) == (1 if moment == "after the effect" else 0)


def _copied(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    with sqlite3.connect(folder / "db.sqlite3") as copy:
        connection.connection.backup(copy)
    return folder


def _rows(folder: Path) -> list[Any]:
    with sqlite3.connect(folder / "db.sqlite3") as database:
        return database.execute(
            "SELECT idempotency_key, state, attempts FROM runtime_actionledger"
        ).fetchall()


def _take_over(call: ActionCall) -> None:
    """Give this database the row that the killed process left in its own, and let its lease run out."""
    row = row_open(call, prepare(call))
    assert claim(row, seconds=8)
    count_try(row)
    ActionLedger.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    found = ledger_reconcile()
    assert found["abandoned"] == 1
