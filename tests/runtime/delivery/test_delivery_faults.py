"""Whatever breaks on the way: one ticket per handoff outside, or it is said not to be known."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils import timezone

from core import jobs
from integrations import outgoing
from runtime.actions import breaker, calling
from runtime.actions.ledger import claim, count_try
from runtime.delivery import sending
from runtime.delivery.sending import _opened, lane_advance
from runtime.models import ActionLedger, Connection, HandoffDelivery
from tests.integrations.stand_ins import server
from tests.integrations.stand_ins.server import FAULTS, StandIn, running
from tests.runtime.delivery.conftest import hand_over, later, states, work

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
HAPPENED = frozenset(fault for fault in FAULTS if "after" in fault)
COUNT, SOAK_COUNT = 8, 150
# What each system shows of its effects: one name per handoff told.
EFFECTS: dict[str, Callable[[Any], list[str]]] = {
    "zendesk": lambda desk: [one["external_id"] for one in desk.tickets],
    "freshdesk": lambda desk: [one["tags"][1] for one in desk.tickets],
    "slack": lambda channel: [one["metadata"]["event_payload"]["key"] for one in channel.messages],
    "webhook": lambda hook: list(hook.effects),
}


@pytest.fixture(autouse=True)
def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "FAILURES", 10_000)
    monkeypatch.setattr(outgoing, "READ_SECONDS", 0.15)
    monkeypatch.setattr(sending, "DELIVER_SECONDS", 0.7)
    monkeypatch.setattr(calling, "PAUSES_SECONDS", (0.01,))


@pytest.fixture
def outside(request: Any) -> Callable[[str], tuple[StandIn, Any]]:
    names = {"webhook": "receiver"}

    def found(kind: str) -> tuple[StandIn, Any]:
        stand_in, system = request.getfixturevalue(names.get(kind, kind))
        stand_in.slow_seconds = 0.4
        return stand_in, system

    return found


def storm(kind: str, outside: Any, make_destination: Any, count: int) -> None:
    """Queue handoffs that each meet up to five faults, one after the other, until all are told."""
    stand_in, system = outside(kind)
    make_destination(kind, stand_in.url, events=["queued"])
    Connection.objects.update(calls_per_minute=6000)
    chance = random.Random(f"{kind}{count}")
    for _ in range(count):
        stand_in.faults.extend(chance.choice(FAULTS) for _ in range(chance.randint(0, 5)))
        hand_over()
        work()
        told = Counter(EFFECTS[kind](system))
        assert not told or max(told.values()) == 1
    stand_in.faults.clear()
    for _ in range(3):
        later(hours=5)
    refused = HandoffDelivery.objects.filter(state="failed")
    assert set(refused.values_list("error_code", flat=True)) <= {"redirected"}  # a person's to decide
    effects = Counter(EFFECTS[kind](system))
    assert max(effects.values()) == 1
    assert len(effects) == HandoffDelivery.objects.filter(state="sent").count()
    assert {state for _, state in states()} <= {"sent", "failed"}
    assert len(states()) == count


@pytest.mark.row("4.16", "R39", "R43")
@pytest.mark.parametrize("kind", EFFECTS)
def test_faults_on_the_way_leave_one_effect_per_handoff(kind, outside, make_destination):
    storm(kind, outside, make_destination, COUNT)


@pytest.mark.soak
@pytest.mark.row("R39")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", EFFECTS)
def test_a_hundred_and_fifty_handoffs_under_faults_each(kind, outside, make_destination):
    storm(kind, outside, make_destination, SOAK_COUNT)


@pytest.mark.row("4.16", "R39")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_single_fault_on_the_way_to_freshdesk_is_followed_by_a_look_not_by_a_second_ticket(
    fault, outside, make_destination
):
    stand_in, desk = outside("freshdesk")
    make_destination("freshdesk", stand_in.url)
    stand_in.faults.append(fault)
    hand_over()
    work()
    posts = [one for one in stand_in.requests if one.method == "POST"]
    assert len(posts) == (2 if fault == server.BUSY else 1)
    expected = {server.BUSY: "sent", server.REDIRECT: "failed"}.get(fault, "unknown")
    assert states() == [("queued", expected)]
    assert len(desk.tickets) == (1 if fault in HAPPENED or fault == server.BUSY else 0)
    later(minutes=2)
    later(hours=2)
    assert len(desk.tickets) == (0 if fault == server.REDIRECT else 1)


WORKER = """
import django; django.setup()
from core import jobs
jobs.run_due()
"""


@pytest.mark.row("4.16", "R39")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "moment", [pytest.param("before the effect", marks=pytest.mark.soak), "after the effect"]
)
def test_a_worker_killed_between_commit_and_answer_leaves_one_ticket(
    moment, tmp_path, make_destination, freshdesk
):
    """The killed worker has a database of its own, copied from the test's."""
    if django_settings.DATABASES["default"]["ENGINE"].rpartition(".")[2] != "sqlite3":
        pytest.skip("the copy of the database is made for SQLite")
    desk = freshdesk[1]
    killed: list[bool] = []

    def answer(request: Any) -> Any:
        given = desk.answer(request) if moment == "after the effect" or killed else None
        if not killed:
            killed.append(True)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        return given or (200, {})

    with running(answer) as stand_in:
        make_destination("freshdesk", stand_in.url)
        hand_over()
        folder = _copied(tmp_path)
        environment = os.environ | {
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "supportadmin.settings",
            "ALLOW_LOOPBACK_ACTIONS": "1",
            "FIELD_ENCRYPTION_KEY": ",".join(django_settings.FIELD_ENCRYPTION_KEYS),
        }
        worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environment)
        assert worker.wait(timeout=60) == -signal.SIGKILL
        with sqlite3.connect(folder / "db.sqlite3") as database:
            left = database.execute("SELECT state, attempts FROM runtime_actionledger").fetchall()
        assert left == [("running", 1)]
        _take_over()
        later(minutes=2)
        later(hours=2)
    assert states() == [("queued", "sent")]
    assert len(desk.tickets) == 1


def _copied(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    with sqlite3.connect(folder / "db.sqlite3") as copy:
        connection.connection.backup(copy)
    return folder


def _take_over() -> None:
    """Leave this database as the killed worker left its own: a row that runs, and a lease that ends."""
    delivery = HandoffDelivery.objects.select_related("destination__connection", "handoff__turn").get()
    row = _opened(delivery)
    assert claim(row, seconds=8)
    count_try(row)
    assert lane_advance(handoff_id=delivery.handoff_id, destination_id=delivery.destination_id) == {"sent": 0}
    assert ActionLedger.objects.get().state == "running"  # it may still be at work
    ActionLedger.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.row("R39")
@pytest.mark.django_db(transaction=True)
def test_jobs_that_come_twice_at_once_tell_once(zendesk, make_destination):
    stand_in, desk = zendesk
    make_destination("zendesk", stand_in.url)
    handoff = hand_over()
    destination_id = HandoffDelivery.objects.get().destination_id

    def advance() -> None:
        try:
            lane_advance(handoff_id=handoff.pk, destination_id=destination_id)
        finally:
            connections.close_all()

    threads = [Thread(target=advance) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later(minutes=5)
    assert len([one for one in stand_in.requests if one.method == "POST"]) == len(desk.tickets) == 1
    assert states() == [("queued", "sent")]
    assert jobs.run_due() == 0
