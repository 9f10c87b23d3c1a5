"""The demo's rehearsal: the last four full weeks of e-mails, once, and nothing taken from the live agent."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from pilot.drafts.collecting import monday_of
from pilot.models import Draft, Pilot
from pilot.replay.rehearsing import rehearsal_play
from pilot.replay.weeks import bounds_of
from runtime.contracts import TurnRequest
from runtime.services import turn_take
from supportadmin.demo import pilot as demo
from tests.pilot.closed_tickets import closed_ticket, version_made
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules"), pytest.mark.row("5.2")]


def test_four_full_weeks_are_rehearsed_once_and_the_live_agent_goes_on(monkeypatch) -> None:
    monkeypatch.setattr(demo, "rehearsal_play", partial(rehearsal_play, engines=ENGINES))
    version_made()
    monday, _ = bounds_of(monday_of(timezone.now()))
    for week in range(6):  # the running one, the four before it, and one that is too old
        for number in range(3):
            at = monday - week * timedelta(days=7) + timedelta(hours=number)
            closed_ticket(10 * week + number, at=at)
    assert demo.rehearsal_install(lead=SYSTEM) == 12
    assert demo.rehearsal_install(lead=SYSTEM) == 12
    pilot = Pilot.objects.get()
    assert (pilot.source, pilot.state, pilot.stage, pilot.moves.count()) == ("replay", "running", "shadow", 1)
    weeks = {monday.date() - timedelta(days=7 * week) for week in range(1, 5)}
    assert set(Draft.objects.values_list("week", flat=True)) == weeks
    for channel in ("email", "website", "api"):
        live = turn_take(
            actor=SYSTEM, request=TurnRequest("How do I export?", channel=channel), engines=ENGINES
        )
        assert (live.mode, live.delivered) == ("live", True)
