"""Where a conversation stands while pilots run: in which mode, or in nobody's hands but people's."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.models import Conversation, Handoff, Turn
from runtime.placement import UNRESTRICTED, Placement, Scope, is_served, place, place_by_category

SHADOW = Scope(7, "channel", "email", "shadow")
BILLING = Scope(8, "category", "31", "assist")


def where(*scopes: Scope, channel: str = "email", customer: str = "c", **more: Any) -> Placement | None:
    return place(scopes, channel=channel, customer=customer, **more)


def test_without_a_pilot_every_conversation_is_live():
    assert where() == UNRESTRICTED == Placement("live", None, True, "")


@pytest.mark.row("5.1")
def test_a_channel_of_no_pilot_is_not_the_agents():
    assert where(SHADOW) == Placement("shadow", 7)
    assert where(SHADOW, channel="chat") == Placement("shadow", None, False, "out_of_pilot")


@pytest.mark.row("5.1")
def test_a_category_decides_once_it_is_known_and_an_unknown_one_is_in_no_scope():
    assert where(BILLING) is None
    assert place_by_category([BILLING], category_id=31, customer="c") == Placement("assist", 8)
    for category in (32, None):
        placed = place_by_category([BILLING], category_id=category, customer="c")
        assert placed == Placement("shadow", None, False, "out_of_pilot")


def test_a_conversation_stays_with_the_pilot_that_has_taken_it():
    assert where(SHADOW, BILLING, channel="chat", placed_in=8) == Placement("assist", 8)


@pytest.mark.row("5.11")
@pytest.mark.parametrize("stage", ["shadow", "assist", "limited", "full"])
def test_a_halted_pilot_leaves_every_conversation_to_people(stage):
    halted = Scope(7, "channel", "email", stage, percent=100, halted=True)
    assert where(halted, placed_in=7) == Placement("shadow", 7, False, "pilot_halted")


@pytest.mark.row("5.11")
def test_a_limited_stage_serves_its_share_of_customers_always_the_same():
    limited = Scope(7, "channel", "email", "limited", percent=30)
    served = [number for number in range(5_000) if is_served(limited, f"customer-{number}")]
    assert 0.27 < len(served) / 5_000 < 0.33
    wider = Scope(7, "channel", "email", "limited", percent=60)
    assert all(is_served(wider, f"customer-{number}") for number in served)
    assert where(limited, customer=f"customer-{served[0]}") == Placement("live", 7)
    assert where(limited, customer="customer-0") == Placement("live" if 0 in served else "assist", 7)


@pytest.fixture
def scopes(monkeypatch) -> Any:
    def run(*scopes: Scope) -> None:
        monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: scopes)

    return run


@pytest.mark.row("5.1")
def test_out_of_scope_a_turn_says_so_and_calls_nobody(bot, scopes):
    scopes(SHADOW)
    body = bot.turn("I want a human. I'll sue you.", channel="chat")
    assert (body["decision"], body["reason"], body["mode"], body["delivered"], body["reply"]) == (
        *("not_in_pilot", "out_of_pilot", "shadow"),
        *(False, ""),
    )
    assert (body["handoff_id"], body["escalation"], body["actions"]) == (None, None, [])
    assert Conversation.objects.get().pilot_id is None
    assert Handoff.objects.count() == 0


@pytest.mark.row("5.2")
def test_in_shadow_a_turn_is_drafted_and_the_conversation_goes_on(bot, scopes):
    scopes(SHADOW)
    first = bot.turn("How do I export my data?", channel="email")
    assert (first["decision"], first["mode"], first["delivered"]) == ("answer", "shadow", False)
    assert first["reply"]
    wish = bot.turn("I'll sue you over this.", first["conversation_id"], channel="email")
    assert (wish["decision"], wish["handoff_id"]) == ("escalate", None)
    assert Handoff.objects.count() == 0
    again = bot.turn("How do I export my data?", first["conversation_id"], channel="email")
    assert again["decision"] == "answer"
    assert set(Turn.objects.values_list("pilot_id", "delivered")) == {(7, False)}


@pytest.mark.row("5.2")
def test_a_question_that_was_only_drafted_counts_as_not_asked(bot, scopes):
    scopes(SHADOW)
    first = bot.turn("ambiguous", channel="email")
    assert first["decision"] == "clarify"
    assert Conversation.objects.get().clarifications_used == 0
    second = bot.turn("1", first["conversation_id"], channel="email")
    assert second["intent"] == "data_export"
    assert Turn.objects.get(number=2).confidence == 0.93  # classified anew: no choice was taken


def test_in_assist_an_escalation_calls_a_person(bot, scopes):
    scopes(Scope(7, "channel", "email", "assist"))
    body = bot.turn("I'll sue you over this.", channel="email")
    assert (body["decision"], body["mode"], body["delivered"]) == ("escalate", "assist", False)
    assert Handoff.objects.get().pk == body["handoff_id"]


@pytest.mark.row("5.11")
def test_the_kill_switch_holds_from_the_next_message_on(bot, scopes):
    scopes(Scope(7, "channel", "email", "full"))
    first = bot.turn("How do I export my data?", channel="email")
    assert (first["mode"], first["delivered"]) == ("live", True)
    scopes(Scope(7, "channel", "email", "full", halted=True))
    second = bot.turn("How do I export my data?", first["conversation_id"], channel="email")
    assert (second["decision"], second["reason"], second["delivered"], second["reply"]) == (
        *("not_in_pilot", "pilot_halted"),
        *(False, ""),
    )


@pytest.mark.row("5.1")
def test_a_category_is_known_after_classification(bot, scopes, monkeypatch):
    scopes(BILLING)
    body = bot.turn("How do I export my data?", channel="email")
    assert (body["decision"], body["intent"]) == ("not_in_pilot", "data_export")
    scopes(Scope(9, "category", "None", "full"))
    unsure = bot.turn("unsure", channel="email")
    assert unsure["decision"] == "not_in_pilot"
