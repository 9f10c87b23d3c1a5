"""The kill switch under load: from the next turn on nothing of the pilot is the agent's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict
from escalation.services import defaults_install
from pilot.models import Pilot, StageMove
from pilot.services import pilot_halt, pilot_resume, switch
from runtime.contracts import TurnRequest
from runtime.models import ActionLedger, Handoff, HandoffDelivery, Turn
from runtime.services import turn_take
from tests.runtime.conftest import ENGINES, SYSTEM

MOST_SECONDS = 10.0
THREADS = 6
WISHES = ("How do I export my data?", "I want a human. I'll sue you.")


@pytest.mark.row("5.11")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stage", ["shadow", "assist", "limited", "full"])
def test_a_pilot_is_stopped_within_seconds_while_customers_write(make_user: Any, stage: str) -> None:
    defaults_install(actor=SYSTEM)
    now = timezone.now()
    pilot = Pilot.objects.create(
        name="E-mail", channel="email", state="running", stage=stage, started_at=now, locked_at=now
    )
    lead = Actor.of_user(make_user("kim", "pilot.halt_pilot"))
    stopped_at: list[float] = []
    enough = threading.Event()

    def customer(number: int) -> list[tuple[float, str, str, bool, str, Any, Any]]:
        seen = []
        try:
            while not enough.is_set():
                began = time.monotonic()
                request = TurnRequest(WISHES[number % 2], channel="email")
                said = turn_take(actor=SYSTEM, request=request, engines=ENGINES)
                seen.append(
                    (
                        *(began, said.decision, said.reason, said.delivered),
                        *(said.reply, said.handoff_id, said.actions),
                    )
                )
        finally:
            connection.close()
        return seen

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        running = [pool.submit(customer, number) for number in range(THREADS)]
        while Turn.objects.count() < 3 * THREADS:
            time.sleep(0.02)
        pressed = time.monotonic()
        assert pilot_halt(actor=lead, pilot_id=pilot.pk) is True
        stopped_at.append(time.monotonic())
        handoffs = Handoff.objects.count()
        last = Turn.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        while Turn.objects.filter(pk__gt=last).count() < 4 * THREADS:
            time.sleep(0.02)
        enough.set()
        turns = [turn for future in running for turn in future.result()]

    took = stopped_at[0] - pressed
    print(f"{stage}: stopped in {took:.3f} s")  # noqa: T201 - the measured figure, with -s
    assert took < MOST_SECONDS
    after = [turn[1:] for turn in turns if turn[0] >= stopped_at[0]]
    before = [turn[1:] for turn in turns if turn[0] < pressed]
    assert len(after) >= THREADS
    assert {(*turn[:5], len(turn[5])) for turn in after} == {
        ("not_in_pilot", "pilot_halted", False, "", None, 0)
    }
    assert "answer" in {turn[0] for turn in before}
    began_before = sum(1 for turn in turns if pressed <= turn[0] < stopped_at[0]) + THREADS
    assert Handoff.objects.count() <= handoffs + began_before  # only turns that were under way
    assert (ActionLedger.objects.count(), HandoffDelivery.objects.count()) == (0, 0)
    assert StageMove.objects.get().signed_by == "kim"


@pytest.fixture
def pilot(make_pilot: Callable[..., Pilot]) -> Pilot:
    return make_pilot(stage="full")


@pytest.mark.row("5.11")
def test_once_stopped_no_engine_is_asked_any_more(rules: None, pilot: Pilot) -> None:
    pilot_halt(actor=SYSTEM, pilot_id=pilot.pk)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing of a stopped pilot reaches an engine")

    engines = replace(ENGINES, search=never, run_action=never, handoff_message=never, active_flow=never)
    said = turn_take(actor=SYSTEM, request=TurnRequest("Export?", channel="email"), engines=engines)
    assert (said.decision, said.reason, said.handoff_id) == ("not_in_pilot", "pilot_halted", None)


@pytest.mark.row("5.11")
def test_stopping_twice_is_stopping_once_and_it_is_signed_once(pilot: Pilot) -> None:
    assert [pilot_halt(actor=SYSTEM, pilot_id=pilot.pk) for _ in range(3)] == [True, False, False]
    assert StageMove.objects.count() == 1
    pilot.refresh_from_db()
    pilot_resume(actor=SYSTEM, pilot=pilot, reason="Mended")
    assert list(StageMove.objects.values_list("verb", "reason")) == [
        ("resume", "Mended"),
        ("halt", "Stopped at once."),
    ]


@pytest.mark.row("5.11")
def test_it_works_where_the_versions_cannot_be_read(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(switch, "bundle_now", broken)
    assert pilot_halt(actor=SYSTEM, pilot_id=pilot.pk) is True
    assert (Pilot.objects.get().state, StageMove.objects.get().bundle) == ("halted", {})


def test_what_does_not_exist_cannot_be_stopped(db: None) -> None:
    with pytest.raises(Conflict):
        pilot_halt(actor=SYSTEM, pilot_id=4)


@pytest.mark.row("5.11")
def test_an_operator_stops_all_pilots_from_a_shell(make_pilot: Callable[..., Pilot], capsys: Any) -> None:
    make_pilot(stage="full")
    make_pilot("Chat", channel="chat")
    call_command("halt_pilots", reason="The model is down")
    assert capsys.readouterr().out == "Stopped: E-mail first.\nStopped: Chat.\n"
    assert set(Pilot.objects.values_list("state", flat=True)) == {"halted"}
    assert set(StageMove.objects.values_list("signed_by", "reason")) == {("halt_pilots", "The model is down")}
    call_command("halt_pilots")
    assert capsys.readouterr().out == "No pilot runs.\n"
    with pytest.raises(CommandError):
        call_command("halt_pilots", "Nobody's")
