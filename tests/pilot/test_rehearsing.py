"""Rehearsals: closed tickets become shadow conversations in their own time, and nobody is served by them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, Unavailable
from core.models import Job
from intents.models import DatasetSnapshot, Release
from pilot.models import Draft
from pilot.replay import rehearsing
from pilot.replay.rehearsing import rehearsal_play, rehearsal_week_start, week_checked
from pilot.replay.weeks import bounds_of, next_week, weeks_of
from runtime.contracts import TurnRequest
from runtime.models import ActionLedger, Conversation, Handoff, Trace, Turn
from runtime.placement import Placement
from runtime.services import AsOf, turn_replay, turn_take
from tests.pilot.closed_tickets import MONDAY, REPLY, closed_ticket, version_made
from tests.runtime.conftest import ENGINES, SYSTEM
from tickets.models import Category, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules"), pytest.mark.row("5.2")]
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def version(db):
    return version_made()


@pytest.fixture
def pilot(make_pilot):
    return make_pilot("Rehearsal", source="replay")


def play(pilot, **more):
    return rehearsal_play(actor=SYSTEM, pilot=pilot, engines=ENGINES, **more)


def test_a_ticket_becomes_a_shadow_conversation_in_its_own_time_with_what_people_answered(pilot):
    ticket = closed_ticket(1)
    assert play(pilot).as_json() == {"tickets": 1, "turns": 1, "seen": 0, "silent": 0, "before": 0}
    conversation = Conversation.objects.get()
    assert (conversation.ticket_id, conversation.pilot_id, conversation.channel) == (
        ticket.pk,
        pilot.pk,
        "email",
    )
    assert (conversation.created_at, conversation.updated_at, conversation.state) == (MONDAY, MONDAY, "open")
    turn = Turn.objects.get()
    assert (turn.mode, turn.delivered, turn.decision, turn.created_at) == ("shadow", False, "answer", MONDAY)
    assert turn.pilot_id == pilot.pk
    assert Trace.objects.filter(turn=turn).exists()
    draft = Draft.objects.get()
    assert (draft.happened_at, draft.week, draft.missing) == (MONDAY, date(2026, 3, 2), draft.missing)
    assert (draft.sent_text, draft.sent_via) == (REPLY, "ticket")
    assert draft.sent_at == MONDAY + timedelta(hours=1)


def test_no_person_is_called_and_no_action_done_even_where_danger_speaks(pilot):
    closed_ticket(1, "I'll sue you")
    closed_ticket(2, "I want to talk to a human being please.")
    play(pilot)
    assert set(Turn.objects.values_list("decision", flat=True)) == {"escalate"}
    assert not Handoff.objects.exists()
    assert not ActionLedger.objects.exists()


def test_played_twice_is_played_once_and_a_broken_off_play_goes_on(pilot):
    for number in range(3):
        closed_ticket(number, at=MONDAY + timedelta(hours=number))
    play(pilot, until=MONDAY + timedelta(hours=1))
    assert Turn.objects.count() == 1
    assert play(pilot).as_json() == {"tickets": 2, "turns": 2, "seen": 0, "silent": 0, "before": 1}
    assert play(pilot).turns == 0
    assert [c.ticket.external_id for c in Conversation.objects.order_by("created_at")] == ["0", "1", "2"]


def test_a_ticket_that_was_broken_off_between_its_messages_goes_on(pilot):
    ticket = closed_ticket(1, later="And how do I import it again?")
    as_of = AsOf(MONDAY, ticket.pk, Placement("shadow", pilot.pk))
    turn_replay(
        actor=SYSTEM,
        request=TurnRequest("How do I export my data?", channel="email"),
        as_of=as_of,
        engines=ENGINES,
    )
    assert play(pilot, follow_ups=True).turns == 1
    assert list(Turn.objects.order_by("number").values_list("number", "text")) == [
        (1, "How do I export my data?"),
        (2, "And how do I import it again?"),
    ]


def test_later_messages_answer_a_person_and_are_played_only_where_asked_for(pilot, make_pilot):
    closed_ticket(1, later="Thanks!")
    assert play(pilot).turns == 1
    other = make_pilot("With follow-ups", source="replay")
    assert play(other, follow_ups=True).turns == 2
    second = Turn.objects.get(pilot_id=other.pk, number=2)
    assert second.created_at == MONDAY + timedelta(hours=2)


def test_other_channels_are_not_played_and_weeks_follow_each_other(pilot):
    for week in range(3):
        for number in range(4):
            closed_ticket(10 * week + number, at=MONDAY + week * WEEK + timedelta(hours=number))
    closed_ticket(99, channel="chat")
    first, until = bounds_of(date(2026, 3, 2))
    play(pilot, since=first, until=until, limit=2)
    weeks = weeks_of(pilot)
    assert [(w.monday, w.tickets, w.played, w.drafts) for w in weeks] == [
        (date(2026, 3, 2), 4, 2, 2),
        (date(2026, 3, 9), 4, 0, 0),
        (date(2026, 3, 16), 4, 0, 0),
    ]
    assert next_week(weeks) == date(2026, 3, 9)
    play(pilot, since=first, until=until, limit=2)
    assert Turn.objects.count() == 2  # the lot draws the same tickets again
    assert play(pilot, limit=3).tickets == 1 + 3 + 3


def test_a_limit_draws_from_the_whole_week(pilot):
    for number in range(40):
        closed_ticket(number, at=MONDAY + timedelta(hours=4 * number))
    play(pilot, limit=10)
    days = {c.created_at.date() for c in Conversation.objects.all()}
    assert Conversation.objects.count() == 10
    assert len(days) >= 4


def test_a_live_pilot_a_stopped_one_and_a_stranger_play_nothing(pilot, make_pilot, make_user):
    closed_ticket(1)
    with pytest.raises(Conflict) as live:
        play(make_pilot("Live", channel="chat"))
    assert live.value.code == "not_a_rehearsal"
    with pytest.raises(NotAllowed):
        rehearsal_play(actor=Actor.of_user(make_user("nobody")), pilot=pilot, engines=ENGINES)
    pilot.state = "halted"
    pilot.save()
    with pytest.raises(Conflict) as halted:
        play(pilot)
    assert halted.value.code == "pilot_not_running"
    with pytest.raises(Conflict):
        rehearsal_week_start(actor=SYSTEM, pilot=pilot, week=date(2026, 3, 2))
    with pytest.raises(InvalidInput):
        week_checked(date(2026, 3, 3))
    assert not Turn.objects.exists()
    assert not Conversation.objects.exists()


def test_a_replayed_turn_is_refused_in_any_mode_that_reaches_customers(pilot):
    ticket = closed_ticket(1)
    for placement in (
        Placement("live", pilot.pk),
        Placement("assist", pilot.pk),
        Placement("shadow", None, False),
    ):
        with pytest.raises(InvalidInput) as refused:
            turn_replay(
                actor=SYSTEM,
                request=TurnRequest("How do I export?"),
                as_of=AsOf(MONDAY, ticket.pk, placement),
                engines=ENGINES,
            )
        assert refused.value.code == "not_shadow"
    assert not Turn.objects.exists()


@pytest.mark.row("5.1")
def test_a_rehearsal_takes_nothing_away_from_the_live_agent(pilot):
    closed_ticket(1)
    play(pilot)
    live = turn_take(
        actor=SYSTEM, request=TurnRequest("How do I export my data?", channel="email"), engines=ENGINES
    )
    assert (live.mode, live.delivered, live.decision) == ("live", True, "answer")


def test_a_category_is_a_scope_too(make_pilot):
    exports = Category.objects.create(name="Exports")
    closed_ticket(1, category=exports)
    closed_ticket(2)
    pilot = make_pilot("By category", source="replay", scope_kind="category", category=exports, channel="")
    assert play(pilot).tickets == 1


def test_a_deleted_ticket_takes_its_conversation_and_drafts_with_it(pilot):
    ticket = closed_ticket(1)
    play(pilot)
    ticket.delete()
    assert not Conversation.objects.exists()
    assert not Turn.objects.exists()
    assert not Draft.objects.exists()


def test_tickets_that_the_live_model_has_learned_from_are_left_out_and_counted(pilot, version):
    DatasetSnapshot.objects.update(rows=[[0, "how do I export MY data", "data_export"]])
    closed_ticket(1, "How do I export my data?")
    closed_ticket(2, "Something that no example says")
    assert play(pilot).as_json() == {"tickets": 1, "turns": 1, "seen": 1, "silent": 0, "before": 0}
    assert Turn.objects.get().text == "Something that no example says"


def test_without_a_live_model_nothing_is_played(pilot):
    Release.objects.update(is_live=False)
    closed_ticket(1)
    with pytest.raises(Unavailable) as refused:
        play(pilot)
    assert refused.value.code == "no_release"
    assert not Conversation.objects.exists()


def test_the_kill_switch_stops_a_play_between_two_portions(pilot):
    for number in range(25):
        closed_ticket(number, at=MONDAY + timedelta(hours=number))

    class Halts:
        def stop_if_cancelled(self) -> None:
            pass

        def __call__(self, done: int, total: int, message: str = "") -> None:
            if done:
                type(pilot).objects.update(state="halted")

    with pytest.raises(Conflict) as refused:
        play(pilot, progress=Halts())
    assert (refused.value.code, Conversation.objects.count()) == ("pilot_not_running", 20)


def test_a_step_that_fails_ends_in_a_draft_for_people_and_calls_nobody(pilot):
    closed_ticket(1, "explode please now")
    play(pilot)
    turn = Turn.objects.get()
    assert (turn.decision, turn.reason) == ("escalate", "step_failure")
    assert not Handoff.objects.exists()


def test_while_a_week_is_played_no_other_is_queued_and_a_ticket_that_another_process_begun_is_left_to_it(
    pilot, monkeypatch
):
    closed_ticket(1)
    job = rehearsal_week_start(actor=SYSTEM, pilot=pilot, week=date(2026, 3, 2))
    Job.objects.filter(pk=job.pk).update(state="running")
    with pytest.raises(Conflict) as refused:
        rehearsal_week_start(actor=SYSTEM, pilot=pilot, week=date(2026, 3, 9))
    assert refused.value.code == "being_played"
    ticket = Ticket.objects.get()
    real = rehearsing.turn_replay

    def overtaken(**more):
        real(**more)  # the other process was faster
        return real(**more)

    monkeypatch.setattr(rehearsing, "turn_replay", overtaken)
    assert play(pilot).before == 1
    assert Turn.objects.filter(conversation__ticket=ticket).count() == 1
