"""Danger in the words ends a turn with a person, whatever else holds; labels of anger recalibrate it."""

from __future__ import annotations

from functools import partial

import pytest

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from escalation.models import AngerCalibration
from escalation.recalibrating import (
    anger_calibration_activate,
    anger_calibration_deactivate,
    anger_calibration_fit,
)
from escalation.selectors import anger_calibration
from runtime.contracts import TurnRequest
from runtime.models import AngerLabel, Conversation, Feedback, Turn
from runtime.services import anger_label_record, anger_labels, anger_recalibrate, feedback_record
from runtime.services import turn_take as take
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = pytest.mark.django_db
turn_take = partial(take, actor=SYSTEM, engines=ENGINES)


def turn(text: str, conversation=None):
    return turn_take(request=TurnRequest(text=text, conversation_id=conversation))


@pytest.mark.row("4.5", "4.1", "4.2", "4.3")
@pytest.mark.parametrize(
    ("text", "trigger", "words"),
    [
        ("I am furious, how do I export?", "anger", "furious"),
        ("My lawyer wants the export.", "legal", "lawyer"),
        ("You charged me $500.01 twice.", "billing_dispute", "charged me"),
        ("furious, but first explode", "anger", "furious"),  # the classifier fails
    ],
)
def test_a_hard_hit_escalates_at_once_with_the_customers_words(rules, text, trigger, words) -> None:
    result = turn(text)
    assert (result.decision, result.reason) == ("escalate", trigger)
    assert (result.escalation["kind"], result.escalation["matched_text"]) == ("hard", words)
    assert "search" not in result.timings_ms  # nothing that could answer was looked for
    assert Conversation.objects.get().state == "waiting_for_human"
    with pytest.raises(Conflict):
        turn("never mind", result.conversation_id)


@pytest.mark.row("4.5")
def test_a_hard_hit_is_still_classified_for_the_person_who_takes_over(rules) -> None:
    result = turn("I am furious, how do I export?")
    assert (result.intent, result.confidence) == ("data_export", 0.93)


@pytest.mark.row("4.5")
def test_where_sensing_fails_a_person_takes_over_and_the_intent_is_known(rules) -> None:
    result = turn("senseless export")
    assert (result.decision, result.reason, result.intent) == ("escalate", "step_failure", "data_export")
    assert Turn.objects.get().trace.facts["failed_step"] == "sense"


@pytest.mark.row("4.5")
def test_anger_ends_a_clarification(rules) -> None:
    asked = turn("ambiguous thing")
    assert asked.decision == "clarify"
    assert turn("1, and I am furious", asked.conversation_id).reason == "anger"


@pytest.mark.row("4.4")
def test_the_third_try_at_an_issue_escalates_counted_from_stored_turns(rules) -> None:
    first = turn("How do I export?")
    second = turn("Where is the export?", first.conversation_id)
    third = turn("Export, please!", first.conversation_id)
    assert [t.decision for t in (first, second, third)] == ["answer", "answer", "escalate"]
    assert third.reason == "repeated_failure"


@pytest.mark.row("4.4")
def test_a_thumb_down_counts_and_what_a_person_settled_does_not(rules) -> None:
    first = turn("How do I export?")
    feedback_record(actor=SYSTEM, turn=Turn.objects.get(), rating=Feedback.Rating.DOWN)
    second = turn("Where is the export?", first.conversation_id)
    assert second.decision == "answer"
    Conversation.objects.update(context_start=2)
    assert turn("Export once more", first.conversation_id).decision == "answer"


@pytest.fixture
def scored(monkeypatch) -> None:
    monkeypatch.setattr(anger_labels, "anger_score", lambda text: (0.6, "d1"))


@pytest.mark.row("4.1")
def test_people_label_turns_and_a_later_word_replaces_an_earlier_one(rules, scored) -> None:
    turn("How do I export?")
    row = Turn.objects.get()
    anger_label_record(actor=SYSTEM, turn=row, is_angry=True)
    anger_label_record(actor=SYSTEM, turn=row, is_angry=False)
    label = AngerLabel.objects.get()
    assert (label.is_angry, label.score, label.detector) == (False, 0.6, "d1")
    lines = Activity.objects.filter(verb="turn.anger_labelled").order_by("pk")
    assert [(line.before, line.after) for line in lines] == [
        ({}, {"is_angry": True}),
        ({"is_angry": True}, {"is_angry": False}),
    ]


def test_who_may_not_label_writes_nothing(rules, scored) -> None:
    turn("How do I export?")
    nobody = Actor.of_user(User.objects.create_user(username="nobody", password="x"))
    with pytest.raises(NotAllowed):
        anger_label_record(actor=nobody, turn=Turn.objects.get(), is_angry=True)
    with pytest.raises(NotAllowed):
        anger_recalibrate(actor=nobody)
    assert not AngerLabel.objects.exists()
    assert not AngerCalibration.objects.exists()


@pytest.mark.row("4.1")
@pytest.mark.parametrize(("angry", "calm"), [(14, 15), (4, 40), (40, 4), (0, 0)])
def test_too_few_labels_of_a_kind_are_no_recalibration(db, angry, calm) -> None:
    with pytest.raises(InvalidInput) as refusal:
        anger_calibration_fit(
            actor=SYSTEM, detector="d1", scores=[0.6] * (angry + calm), angry=[True] * angry + [False] * calm
        )
    assert refusal.value.code == "too_few_labels"
    assert not AngerCalibration.objects.exists()


@pytest.mark.row("4.1")
def test_a_recalibration_holds_once_a_person_has_activated_it_and_one_at_a_time(db) -> None:
    fit = partial(anger_calibration_fit, actor=SYSTEM, detector="d1", scores=[0.6] * 40)
    first = fit(angry=[True] * 5 + [False] * 35)
    second = fit(angry=[True] * 35 + [False] * 5)
    assert (first.number, second.number, anger_calibration("d1")(0.6)) == (1, 2, pytest.approx(0.6))
    anger_calibration_activate(actor=SYSTEM, calibration=first)
    assert anger_calibration("d1")(0.6) < 0.5
    assert anger_calibration("another")(0.6) == pytest.approx(0.6)
    anger_calibration_activate(actor=SYSTEM, calibration=second)
    assert anger_calibration("d1")(0.6) > 0.65
    assert AngerCalibration.objects.filter(active=True).count() == 1
    with pytest.raises(Conflict):
        anger_calibration_activate(actor=SYSTEM, calibration=second)
    anger_calibration_deactivate(actor=SYSTEM, calibration=second)
    assert anger_calibration("d1")(0.6) == pytest.approx(0.6)
    assert first.log_loss_after < first.log_loss_before


@pytest.mark.row("4.1")
def test_the_admin_labels_a_turn_and_fits_and_activates_a_recalibration(rules, scored, admin_client) -> None:
    turn("How do I export?")
    row = Turn.objects.get()
    page = admin_client.get(f"/admin/runtime/turn/{row.pk}/change/")
    assert page.status_code == 200
    assert "Score 0.02" in page.content.decode()
    for address in (
        "runtime/angerlabel/",
        "escalation/angercalibration/",
        "escalation/angercalibration/add/",
    ):
        assert admin_client.get(f"/admin/{address}").status_code == 200
    refused = admin_client.post("/admin/escalation/angercalibration/add/")
    assert "takes 30 labels" in refused.content.decode()
    assert not AngerCalibration.objects.exists()
