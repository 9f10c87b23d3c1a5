"""Replays, rehearsals and week 1 against now, as people see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import Job
from pilot.models import Draft, FrozenCase, FrozenJudgement, ReplayRun
from pilot.replay import reading, rehearsing, running
from pilot.replay.rehearsing import rehearsal_play
from pilot.replay.running import Asked, replay_start
from runtime.models import Turn
from supportadmin.roles import roles_sync
from tests.pilot.closed_tickets import MONDAY, closed_ticket, version_made
from tests.pilot.test_replays import HOUR, replay
from tests.runtime.conftest import ENGINES, SYSTEM
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules"), pytest.mark.row("5.15")]
LIST = reverse("admin:pilot_replayrun_changelist")
NEW = reverse("admin:pilot_replay_new")
COMPARE = reverse("admin:pilot_replay_compare")
HOSTILE = "<script>alert(1)</script> export"


@pytest.fixture(autouse=True)
def roles(db: None, monkeypatch) -> None:
    roles_sync()
    monkeypatch.setattr(reading, "classifier_held", lambda version: ENGINES.classify)


@pytest.fixture
def lead(make_user, sign_in):
    return sign_in(make_user("lead", roles=("Support lead",)))


@pytest.fixture
def reviewer(make_user, sign_in):
    return sign_in(make_user("reviewer", roles=("Reviewer",)))


def page_of(run: ReplayRun) -> str:
    return reverse("admin:pilot_replayrun_change", args=(run.pk,))


def move(run: ReplayRun, verb: str) -> str:
    return reverse("admin:pilot_replay_move", args=(run.pk, verb))


def test_an_empty_list_says_what_to_do(lead, reviewer) -> None:
    assert "Nothing has been replayed yet" in lead.get(LIST).content.decode()
    assert NEW in lead.get(LIST).content.decode()
    assert NEW not in reviewer.get(LIST).content.decode()
    assert "Two finished replays are needed" in lead.get(COMPARE).content.decode()
    assert "No intent model has been trained yet" in lead.get(NEW).content.decode()


def test_a_lead_starts_a_replay_and_what_cannot_be_meant_is_said_with_the_form_kept(lead) -> None:
    version_made()
    closed_ticket(1)
    refused = lead.post(NEW, {"limit": "0", "name": "Mine"})
    assert refused.status_code == 400
    assert 'value="Mine"' in refused.content.decode()
    empty = lead.post(NEW, {"limit": "10", "channel": "fax"})
    assert empty.status_code == 400
    assert "No closed ticket is in this scope" in empty.content.decode()
    assert not ReplayRun.objects.exists()
    done = lead.post(NEW, {"limit": "10", "channel": "email", "name": "Mine"})
    run = ReplayRun.objects.get()
    assert (done.status_code, done.url) == (302, page_of(run))
    assert (run.name, run.channel, run.limit, run.tickets, run.made_by) == ("Mine", "email", 10, 1, "lead")
    assert "At work: 0 of 1" in lead.get(page_of(run)).content.decode()


def test_a_reviewer_reads_but_starts_stops_and_plays_nothing(reviewer, make_pilot) -> None:
    version_made()
    closed_ticket(1)
    run = replay_start(actor=SYSTEM, asked=Asked())
    pilot = make_pilot(source="replay")
    for address in (
        NEW,
        move(run, "stop"),
        *(reverse(f"admin:{n}", args=(pilot.pk,)) for n in ("pilot_rehearsal", "pilot_frozen")),
    ):
        assert reviewer.post(address, {"week": "2026-03-02", "limit": "1"}).status_code == 403
    run.refresh_from_db()
    assert (run.state, ReplayRun.objects.count()) == ("queued", 1)
    assert not Job.objects.filter(task=rehearsing.REHEARSAL_TASK).exists()
    assert reviewer.get(page_of(run)).status_code == 200


def test_a_run_shows_its_shares_and_tickets_with_words_escaped_and_filtered(lead) -> None:
    version_made()
    closed_ticket(1, HOSTILE, at=MONDAY)
    closed_ticket(2, "I'll sue you", at=MONDAY + HOUR, outcome="escalated")
    closed_ticket(3, "How do I export, or I'll sue you?", at=MONDAY + 2 * HOUR)
    run = replay()
    text = lead.get(page_of(run)).content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "33 % (1 of 3)" in text
    assert "people escalated it" in text
    over = lead.get(page_of(run), {"show": "over"}).content.decode()
    assert "or I&#x27;ll sue you?" in over
    assert "&lt;script&gt;" not in over
    assert "No ticket is so." in lead.get(page_of(run), {"show": "seen"}).content.decode()
    assert lead.get(page_of(run), {"show": "nonsense", "p": "x"}).status_code == 200


def test_stop_resume_and_again_are_buttons(lead) -> None:
    version_made()
    closed_ticket(1)
    run = replay_start(actor=SYSTEM, asked=Asked(name="First"))
    lead.post(move(run, "stop"))
    run.refresh_from_db()
    assert run.state == "stopped"
    assert "Let it go on" in lead.get(page_of(run)).content.decode()
    lead.post(move(run, "resume"))
    run.refresh_from_db()
    assert run.state == "queued"
    assert lead.get(move(run, "stop")).status_code == 405
    assert lead.post(move(run, "explode")).status_code == 404
    running.replay_work(run_id=run.pk, engines=ENGINES)
    lead.post(move(run, "again"))
    assert ReplayRun.objects.filter(name="First").count() == 2


def test_two_runs_side_by_side_list_what_flips(lead) -> None:
    version_made()
    closed_ticket(1, "How do I export?")
    first, second = replay(name="Before"), replay(name="After")
    second.results.update(decision="escalate", article_id=None)
    text = lead.get(COMPARE, {"a": first.pk, "b": second.pk}).content.decode()
    assert "1: 0 better, 1 worse" in text
    assert "identical: the same digest" in text
    assert lead.get(COMPARE, {"a": "x", "b": "9" * 30}).status_code == 200
    chosen = {"action": "compare_two", "_selected_action": [first.pk, second.pk]}
    assert lead.post(LIST, chosen).url == f"{COMPARE}?a={first.pk}&b={second.pk}"
    one = lead.post(LIST, {**chosen, "_selected_action": [first.pk]}, follow=True)
    assert "exactly two" in one.content.decode()


def test_pages_ask_as_much_of_the_database_at_3_rows_as_at_30(lead) -> None:
    version_made()
    counts = {}
    for amount in (3, 30):
        for number in range(amount):
            closed_ticket(1000 * amount + number, at=MONDAY + number * HOUR)
        run = replay()
        for _ in range(amount):
            replay(limit=1)
        for name, address in (("list", LIST), ("run", page_of(run))):
            lead.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert lead.get(address).status_code == 200
            counts.setdefault(name, []).append(len(queries))
    assert all(three == thirty for three, thirty in counts.values()), counts


@pytest.mark.row("5.2")
def test_the_page_of_a_rehearsal_shows_weeks_and_plays_the_next(lead, make_pilot) -> None:
    pilot = make_pilot("Rehearse", source="replay")
    page = reverse("admin:pilot_rehearsal", args=(pilot.pk,))
    assert "There is no closed ticket in its scope" in lead.get(page).content.decode()
    for week in range(2):
        for number in range(3):
            closed_ticket(10 * week + number, at=MONDAY + timedelta(days=7 * week, hours=number))
    assert "Play the first week" in lead.get(page).content.decode()
    version_made()
    until = MONDAY + timedelta(days=3)
    rehearsal_play(actor=SYSTEM, pilot=pilot, until=until, limit=2, engines=ENGINES)
    text = lead.get(page).content.decode()
    assert "Play the next week" in text
    assert 'name="week" value="2026-03-09"' in text
    assert lead.post(page, {"week": "2026-03-10", "limit": "5"}).status_code == 400
    assert lead.post(page, {"week": "soon"}).status_code == 400
    assert lead.post(page, {"week": "2026-03-09", "limit": "5"}).status_code == 302
    job = Job.objects.get(task=rehearsing.REHEARSAL_TASK)
    assert job.arguments == {
        **{"pilot_id": pilot.pk, "week": "2026-03-09", "limit": 5, "follow_ups": False},
        "by": "lead",
    }
    assert "Queued" in lead.get(page).content.decode()
    assert (
        lead.get(reverse("admin:pilot_rehearsal", args=(make_pilot("L", channel="chat").pk,))).status_code
        == 404
    )


@pytest.mark.row("R19")
def test_hostile_words_in_every_field_are_shown_as_text(lead, make_pilot) -> None:
    version_made()
    closed_ticket(1, HOSTILE, channel=HOSTILE[:30])
    run = replay(name="Run")
    words = {
        "reason": HOSTILE[:30],
        "intent": HOSTILE,
        "rule_trigger": HOSTILE[:30],
        "failed_step": HOSTILE[:30],
    }
    run.results.update(**words, anchor=HOSTILE, actions=[HOSTILE], expected=[HOSTILE])
    ReplayRun.objects.update(name=HOSTILE, channel=HOSTILE, made_by=HOSTILE, problem=HOSTILE)
    other = replay(name=HOSTILE)
    stopped = replay_start(actor=SYSTEM, asked=Asked(name=HOSTILE))
    ReplayRun.objects.filter(pk=stopped.pk).update(state="stopped", problem=HOSTILE)
    pilot = make_pilot(HOSTILE, source="replay", channel=HOSTILE[:30])
    ticket = Ticket.objects.get()
    case = FrozenCase.objects.create(
        pilot=pilot, ticket=ticket, text=HOSTILE, text_hash="1" * 64, expected=HOSTILE
    )
    rehearsal_play(
        actor=SYSTEM, pilot=make_pilot("Play", source="replay", channel=HOSTILE[:30]), engines=ENGINES
    )
    draft_turn = Turn.objects.get()
    Draft.objects.filter(turn=draft_turn).update(pilot=pilot)
    Turn.objects.update(model_version=1)
    for version, said in ((1, "x"), (5, HOSTILE)):
        FrozenJudgement.objects.create(pilot=pilot, model_version=version, rows=[[case.pk, said, 0.5, False]])
    addresses = (
        *(LIST, NEW, page_of(run), page_of(stopped), f"{COMPARE}?a={run.pk}&b={other.pk}"),
        *(reverse(f"admin:{name}", args=(pilot.pk,)) for name in ("pilot_rehearsal", "pilot_frozen")),
    )
    for address in addresses:
        text = lead.get(address).content.decode()
        assert "<script>alert(1)" not in text, address
        assert "&lt;script&gt;alert(1)" in text, address
