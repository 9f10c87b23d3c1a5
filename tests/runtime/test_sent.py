"""In assist the customer gets what people let through: that is what was said, and nothing else."""

from __future__ import annotations

import pytest

from runtime.models import Handoff, Turn
from runtime.placement import Scope
from runtime.selectors import earlier_turns, past_turns, transcript_of
from runtime.services import turn_sent


@pytest.fixture
def assist(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = Scope(7, "channel", "email", "assist")
    monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: (scope,))


def turns(conversation_id: str) -> list[Turn]:
    return list(Turn.objects.filter(conversation=conversation_id).order_by("number"))


@pytest.mark.row("5.2")
def test_what_people_let_through_is_what_was_said(bot, assist):
    body = bot.turn("How do I export my data?", channel="email")
    [turn] = turns(body["conversation_id"])
    assert (turn.said, earlier_turns(turn.conversation)) == ("", ())
    assert turn_sent(turn_id=turn.pk, text="Open Settings.")
    assert not turn_sent(turn_id=turn.pk, text="Something else")
    turn.refresh_from_db()
    assert turn.said == "Open Settings."
    assert [line["text"] for line in transcript_of([turn])] == ["How do I export my data?", "Open Settings."]
    assert len(earlier_turns(turn.conversation)) == 1


@pytest.mark.row("5.2")
def test_who_takes_over_reads_what_the_customer_has_read(bot, assist):
    first = bot.turn("How do I export my data?", channel="email")
    second = bot.turn("How do I export my list?", first["conversation_id"], channel="email")
    turn_sent(turn_id=second["turn_id"], text="Open Settings.")
    bot.turn("I'll sue you over this.", first["conversation_id"], channel="email")
    past = past_turns(Handoff.objects.get().conversation, before=3)
    assert [(one.reply, one.reason == "only_drafted") for one in past] == [
        ("", True),
        ("Open Settings.", False),
    ]
    said = [line["text"] for line in Handoff.objects.get().packet["transcript"] if line["role"] == "agent"]
    assert said == ["Open Settings."]


def test_a_question_that_nobody_let_through_was_not_asked(bot, assist):
    first = bot.turn("ambiguous", channel="email")
    again = bot.turn("1", first["conversation_id"], channel="email")
    assert (first["decision"], again["confidence"]) == ("clarify", 0.93)  # classified anew


@pytest.mark.parametrize("stage", ["shadow", "full"])
def test_only_what_waits_for_approval_can_be_sent(bot, stage, monkeypatch):
    scope = Scope(7, "channel", "email", stage)
    monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: (scope,))
    body = bot.turn("How do I export my data?", channel="email")
    assert not turn_sent(turn_id=body["turn_id"], text="Open Settings.")
    assert Turn.objects.get().sent_text == ""
