"""Handoffs move by their table, with their conversation, and tell an honest wait."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, NotAllowed
from core.models import Activity
from runtime import workflow
from runtime.contracts import TurnRequest
from runtime.models import Conversation, Feedback, Handoff, Turn
from runtime.services import (
    feedback_record,
    handoff_accept,
    handoff_resolve,
    handoff_return,
    turn_take,
)
from runtime.waiting.estimates import wait_seconds_estimate
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = pytest.mark.django_db
MOVES = {"accepted": handoff_accept, "resolved": handoff_resolve, "returned": handoff_return}
CONVERSATION_WHEN = {
    "queued": "waiting_for_human",
    "accepted": "with_human",
    "resolved": "closed",
    "returned": "open",
}


def hand_over() -> Handoff:
    result = turn_take(actor=SYSTEM, request=TurnRequest("I want a human"), engines=ENGINES)
    return Handoff.objects.get(pk=result.handoff_id)


@pytest.mark.row("4.16")
@pytest.mark.parametrize(("state", "to"), [*product(CONVERSATION_WHEN, MOVES)])
def test_handoffs_move_by_their_table_and_the_conversation_with_them(rules, state, to) -> None:
    handoff = hand_over()
    Handoff.objects.update(state=state)
    Conversation.objects.update(state=CONVERSATION_WHEN[state])
    handoff.refresh_from_db()
    if to in workflow.HANDOFF[state]:
        MOVES[to](actor=SYSTEM, handoff=handoff)
        handoff.refresh_from_db()
        assert handoff.state == to
        assert handoff.conversation.state == CONVERSATION_WHEN[to]
        assert (handoff.accepted_at if to == "accepted" else handoff.finished_at) is not None
        assert Activity.objects.filter(verb=f"handoff.{to}").count() == 1
    else:
        with pytest.raises(Conflict):
            MOVES[to](actor=SYSTEM, handoff=handoff)
        handoff.refresh_from_db()
        assert (handoff.state, handoff.conversation.state) == (state, CONVERSATION_WHEN[state])
        assert not Activity.objects.filter(verb__startswith="handoff.").exists()


@pytest.mark.row("4.16", "R23")
def test_of_two_people_who_accept_at_once_one_is_told(rules) -> None:
    handoff = hand_over()
    stale = Handoff.objects.get()
    handoff_accept(actor=SYSTEM, handoff=handoff, agent="Ada")
    with pytest.raises(Conflict) as refusal:
        handoff_accept(actor=SYSTEM, handoff=stale, agent="Bob")
    assert refusal.value.code == "stale_transition"
    assert Handoff.objects.get().accepted_by == "Ada"


@pytest.mark.row("4.16")
def test_a_conversation_has_one_open_handoff_at_most(rules) -> None:
    handoff = hand_over()
    other = Turn.objects.get(pk=handoff.turn_id)
    other.pk, other.number = None, 2
    other.save()
    handoff.pk, handoff.turn = None, other
    with pytest.raises(IntegrityError), transaction.atomic():
        handoff.save()


@pytest.mark.row("4.17")
def test_a_handoff_without_a_reason_cannot_be_stored(rules) -> None:
    hand_over()
    with pytest.raises(IntegrityError), transaction.atomic():
        Handoff.objects.update(reason="")


@pytest.mark.row("8.1")
def test_a_person_needs_the_permission_to_move_handoffs(rules, make_user) -> None:
    handoff = hand_over()
    with pytest.raises(NotAllowed):
        handoff_accept(actor=Actor.of_user(make_user("stranger")), handoff=handoff)
    assert Handoff.objects.get().state == "queued"
    handoff_accept(actor=Actor.of_user(make_user("ada", "runtime.change_handoff")), handoff=handoff)
    assert Handoff.objects.get().accepted_by == "ada"


def history(*waits_seconds: int, days_ago: float = 1) -> None:
    asked = timezone.now() - timedelta(days=days_ago)
    for seconds in waits_seconds:
        handoff = hand_over()
        Handoff.objects.filter(pk=handoff.pk).update(
            requested_at=asked,
            requested_hour=asked.hour,
            accepted_at=asked + timedelta(seconds=seconds),
        )


@pytest.mark.row("4.12")
def test_the_wait_is_the_80th_percentile_of_this_hours_own_history(rules) -> None:
    assert wait_seconds_estimate() is None
    history(60, 120, 180, 600)
    assert wait_seconds_estimate() is None  # four are too few
    history(30, days_ago=15)
    history(30, days_ago=1 + 3 / 24)
    assert wait_seconds_estimate() is None  # too old, or another hour
    history(240)
    assert wait_seconds_estimate() == 240
    result = turn_take(actor=SYSTEM, request=TurnRequest("I want a human"), engines=ENGINES)
    assert result.escalation["wait_estimate_seconds"] == 240
    assert "under 4 minutes" in result.reply


@pytest.mark.row("4.12")
def test_without_history_no_number_is_said(rules) -> None:
    result = turn_take(actor=SYSTEM, request=TurnRequest("I want a human"), engines=ENGINES)
    assert result.escalation["wait_estimate_seconds"] is None
    assert not any(character.isdigit() for character in result.reply)


@pytest.mark.row("7.1")
def test_news_about_a_turn_is_added_to_its_one_feedback(rules) -> None:
    result = turn_take(actor=SYSTEM, request=TurnRequest("How do I export?"), engines=ENGINES)
    turn = Turn.objects.get(pk=result.turn_id)
    feedback_record(actor=SYSTEM, turn=turn, rating="down")
    feedback_record(actor=SYSTEM, turn=turn, csat=2, reopened=True)
    kept = Feedback.objects.get()
    assert (kept.rating, kept.csat, kept.reopened, kept.comment) == ("down", 2, True, "")
