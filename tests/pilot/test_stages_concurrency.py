"""People who move pilots at the same moment: one wins, the others read why, nothing is half done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import Conflict
from core.models import Activity
from pilot.gate import Verdict
from pilot.meter import Evidence
from pilot.models import Pilot, StageMove
from pilot.services import pilot_back, pilot_create, pilot_end, pilot_forward, pilot_halt, pilot_start
from tests.runtime.conftest import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = {"resolution_rate": 0.6, "csat": 0.85, "escalation_rate": 0.2, "time_to_resolution": 240}
LEADS = 6


def always_open(pilot: Pilot) -> Verdict:
    """Let everything pass."""
    return Verdict(Evidence.CONCLUSIVE, ())


def together(acts: list[Callable[[], Any]]) -> list[str]:
    """Do them at once; return for each "done" or the code of its refusal."""

    def do(act: Callable[[], Any]) -> str:
        try:
            act()
        except Conflict as refusal:
            return refusal.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=LEADS) as pool:
        return list(pool.map(do, acts))


def running(name: str, channel: str, stage: str) -> Pilot:
    """Make a pilot that runs."""
    now = timezone.now()
    fields = {"state": "running", "stage": stage, "started_at": now, "locked_at": now}
    return Pilot.objects.create(name=name, channel=channel, **fields)


@pytest.mark.row("5.11")
def test_of_six_leads_who_move_a_pilot_at_once_exactly_one_does() -> None:
    running("E-mail", "email", "assist")
    seen = [Pilot.objects.get() for _ in range(LEADS)]
    said = together(
        [lambda p=p: pilot_forward(actor=SYSTEM, pilot=p, reason="r", gate=always_open) for p in seen]
    )
    assert sorted(said) == ["done"] + ["stale_transition"] * (LEADS - 1)
    assert (Pilot.objects.get().stage, StageMove.objects.count(), Activity.objects.count()) == (
        "limited",
        1,
        1,
    )


@pytest.mark.row("5.11")
def test_of_forward_back_and_stop_at_once_the_stop_always_holds() -> None:
    pilot = running("E-mail", "email", "limited")
    forward, back = Pilot.objects.get(), Pilot.objects.get()
    said = together(
        [
            lambda: pilot_forward(actor=SYSTEM, pilot=forward, reason="r", gate=always_open),
            lambda: pilot_halt(actor=SYSTEM, pilot_id=pilot.pk),
            lambda: pilot_back(actor=SYSTEM, pilot=back, to="shadow", reason="r"),
        ]
    )
    assert said[1] == "done"
    assert said[2] == ("stale_transition" if said[0] == "done" else "done")
    assert Pilot.objects.get().state == "halted"
    assert StageMove.objects.count() == said.count("done")


@pytest.mark.row("5.1", "5.11")
def test_of_two_pilots_that_are_started_at_once_one_runs() -> None:
    planned = [
        pilot_create(actor=SYSTEM, name=f"P{number}", channel=f"c{number}", targets=GOOD)
        for number in range(LEADS)
    ]
    said = together([lambda p=p: pilot_start(actor=SYSTEM, pilot=p, reason="r") for p in planned])
    assert sorted(said) == ["another_pilot_runs"] * (LEADS - 1) + ["done"]
    assert (Pilot.objects.filter(state="running").count(), StageMove.objects.count()) == (1, 1)


@pytest.mark.row("5.11")
def test_of_two_who_end_the_last_two_pilots_at_once_one_is_asked_whether_it_is_meant() -> None:
    pilots = [running("E-mail", "email", "full"), running("Chat", "chat", "full")]
    said = together([lambda p=p: pilot_end(actor=SYSTEM, pilot=p, reason="r") for p in pilots])
    assert said.count("done") == 1
    assert {*said} - {"done"} <= {"agent_would_answer_all", "stale_transition"}
    assert Pilot.objects.filter(state="running").count() == 1
