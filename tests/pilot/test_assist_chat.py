"""The customer's side of a pilot, in the demo chat: only what people let through is read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from core.actors import Actor
from core.models import User
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.reviewing import review_record
from pilot.models import Draft, Pilot
from runtime.models import Handoff, Turn
from runtime.services import turn_take
from supportadmin import chat
from tests.runtime.conftest import ENGINES
from tests.supportadmin.test_chat import Chat

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.2")]


@pytest.fixture
def visitor(
    rules: None,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> Chat:
    monkeypatch.setattr(chat, "turn_take", partial(turn_take, engines=ENGINES))
    return Chat(sign_in(make_user("carl", chat.PERMISSION)))


@pytest.fixture
def ann(make_user: Callable[..., User]) -> Actor:
    return Actor.of_user(make_user("ann", "pilot.review_draft"))


def decide(actor: Actor, turn_id: int, outcome: str, **fields: Any) -> None:
    drafts_collect()
    draft = Draft.objects.get(turn_id=turn_id)
    review_record(actor=actor, key=uuid.uuid4(), draft_id=draft.pk, outcome=outcome, seconds=2, **fields)


def test_in_assist_the_customer_waits_and_then_reads_what_was_sent(make_pilot, visitor, ann) -> None:
    make_pilot(channel=chat.CHANNEL, stage="assist", double_percent=0)
    first = visitor.say("How do I export?")
    conversation = first["conversation_id"]
    assert (first["mode"], first["html"], first["citations"]) == ("assist", "", [])
    (waiting,) = visitor.get("news", conversation).json()["replies"]
    assert waiting == {"turn_id": first["turn_id"], "checked": "waiting", "html": "", "citations": []}
    decide(ann, first["turn_id"], "edited", verdict="wrong_tone", final_text="**Done**\n\n<script>1</script>")
    (sent,) = visitor.get("news", conversation).json()["replies"]
    assert sent["checked"] == "sent"
    assert "<strong>Done</strong>" in sent["html"]
    assert "<script" not in sent["html"]
    second = visitor.say("And now?", conversation)
    decide(ann, second["turn_id"], "rejected", verdict="unsafe")
    lines = visitor.get("history", conversation).json()["lines"]
    assert [(line["kind"], line.get("checked")) for line in lines] == [
        ("customer", None),
        ("agent", "sent"),
        ("customer", None),
        ("agent", "not_sent"),
    ]
    assert "Settings" not in str(lines)  # of the agent's own words


def test_in_assist_an_escalation_calls_a_person_at_once(make_pilot, visitor) -> None:
    make_pilot(channel=chat.CHANNEL, stage="assist")
    said = visitor.say("I want a human")
    assert (said["handoff"], said["html"], Handoff.objects.count()) == (True, "", 1)
    assert visitor.get("news", said["conversation_id"]).json()["replies"] == []


def test_in_shadow_the_customer_reads_nothing_of_the_agent(make_pilot, visitor, ann) -> None:
    make_pilot(channel=chat.CHANNEL)
    said = visitor.say("How do I export?")
    decide(ann, said["turn_id"], "approved", verdict="correct")
    assert (said["mode"], said["html"]) == ("shadow", "")
    assert visitor.get("news", said["conversation_id"]).json()["replies"] == []
    assert Handoff.objects.count() == 0


def test_a_stopped_pilot_leaves_nobody_waiting_for_a_check(make_pilot, visitor) -> None:
    make_pilot(channel=chat.CHANNEL, stage="assist")
    said = visitor.say("How do I export?")
    Pilot.objects.update(state="halted")
    (reply,) = visitor.get("news", said["conversation_id"]).json()["replies"]
    assert reply["checked"] == "not_sent"


def test_pilots_of_other_scopes_leave_the_try_out_chat_alone(make_pilot, visitor) -> None:
    make_pilot(channel="email")
    said = visitor.say("How do I export?")
    assert (said["mode"], Turn.objects.get().delivered) == ("live", True)
    assert "Settings" in said["html"]
