"""What a bot in assist mode fetches, and what a help desk reports as sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from core.actors import Actor
from core.models import Activity
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.reviewing import review_record
from pilot.models import Draft
from tests.runtime.conftest import Bot, bot, make_bot

__all__ = ["bot", "make_bot"]
pytestmark = [pytest.mark.django_db, pytest.mark.row("5.2", "7.1")]
DRAFTS = "/api/v1/drafts"


@pytest.fixture
def ann(make_user: Callable[..., Any]) -> Actor:
    return Actor.of_user(make_user("ann", "pilot.review_draft"))


def approve(actor: Actor, turn_id: int, **fields: Any) -> None:
    drafts_collect()
    draft = Draft.objects.get(turn_id=turn_id)
    usual = {"outcome": "approved", "verdict": "correct", "seconds": 1.0}
    review_record(actor=actor, key=uuid.uuid4(), draft_id=draft.pk, **(usual | fields))


def test_a_bot_in_assist_mode_fetches_what_was_approved(make_pilot, bot: Bot, ann: Actor) -> None:
    make_pilot(stage="assist", double_percent=0)
    turn = bot.turn("How do I export?", channel="email")
    assert (turn["mode"], turn["delivered"]) == ("assist", False)
    query = {"conversation_id": turn["conversation_id"]}
    (waiting,) = bot.get(DRAFTS, **query, state="waiting").json()["results"]
    assert (waiting["turn_id"], waiting["state"], waiting["text"]) == (turn["turn_id"], "waiting", None)
    assert bot.get(DRAFTS, **query, state="sent").json()["results"] == []
    approve(ann, turn["turn_id"], outcome="edited", verdict="wrong_tone", final_text="Kinder")
    (sent,) = bot.get(DRAFTS, **query, state="sent").json()["results"]
    assert sent == {
        "turn_id": turn["turn_id"],
        "conversation_id": turn["conversation_id"],
        "mode": "assist",
        "state": "sent",
        "text": "Kinder",
        "sent_via": "desk",
        "sent_by": "ann",
        "sent_at": sent["sent_at"],
        "happened_at": sent["happened_at"],
    }
    assert len(bot.get(DRAFTS, after=sent["sent_at"]).json()["results"]) == 1
    assert bot.get(DRAFTS, after="2099-01-01T00:00:00Z").json()["results"] == []
    assert bot.get(DRAFTS, **query, state="waiting").json()["results"] == []


def test_what_is_rejected_or_only_shadowed_is_not_sent(make_pilot, bot: Bot, ann: Actor) -> None:
    pilot = make_pilot(stage="assist", double_percent=0)
    rejected = bot.turn("How do I export?", channel="email")
    approve(ann, rejected["turn_id"], outcome="rejected", verdict="unsafe")
    pilot.stage = "shadow"
    pilot.save()
    shadowed = bot.turn("How do I export?", channel="email")
    found = bot.get(DRAFTS).json()["results"]
    assert [(one["turn_id"], one["state"], one["text"]) for one in found] == [
        (shadowed["turn_id"], "not_sent", None),
        (rejected["turn_id"], "not_sent", None),
    ]
    assert len(bot.get(DRAFTS, state="not_sent").json()["results"]) == 2


def test_a_key_sees_and_reports_its_own_conversations_only(make_pilot, make_bot: Callable[..., Bot]) -> None:
    make_pilot(double_percent=0)
    mine, other = make_bot("mine"), make_bot("other", "runtime", "read")
    turn = mine.turn("How do I export?", channel="email")
    path = f"{DRAFTS}/{turn['turn_id']}/sent"
    assert other.get(DRAFTS).json()["results"] == []
    assert other.post(path, {"text": "Mine now"}).status_code == 404
    assert make_bot("reader", "read").get(DRAFTS).status_code == 403
    assert make_bot("rater", "feedback").post(path, {"text": "x"}).status_code == 403
    assert not Draft.objects.exclude(sent_text="").exists()
    assert mine.get(DRAFTS).json()["results"][0]["turn_id"] == turn["turn_id"]


def test_a_help_desk_says_once_what_a_person_sent(make_pilot, bot: Bot) -> None:
    make_pilot(double_percent=0)
    turn = bot.turn("How do I export?", channel="email")
    path, key = f"{DRAFTS}/{turn['turn_id']}/sent", {"Idempotency-Key": "k1"}
    first = bot.post(path, {"text": "By hand", "sent_by": "Tara"}, **key)
    assert (first.status_code, first.json()["text"], first.json()["sent_via"]) == (200, "By hand", "api")
    again = bot.post(path, {"text": "By hand", "sent_by": "Tara"}, **key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert bot.post(path, {"text": "By hand"}).status_code == 200
    refused = bot.post(path, {"text": "Something else"})
    assert (refused.status_code, refused.json()["code"]) == (409, "already_sent")
    draft = Draft.objects.get()
    assert (draft.sent_text, draft.sent_by) == ("By hand", "Tara")
    assert Activity.objects.filter(verb="draft.sent_reported").count() == 1


@pytest.mark.parametrize(
    ("turn_id", "body", "status"),
    [
        ("0", {"text": "x"}, 404),
        ("abc", {"text": "x"}, 404),
        ("9" * 30, {"text": "x"}, 404),
        ("", {"text": " "}, 400),
        ("", {"text": "x" * 4001}, 400),
        ("", {}, 400),
        ("", {"text": "a\x00b"}, 400),
    ],
)
def test_a_report_that_cannot_be_meant_writes_nothing(make_pilot, bot: Bot, turn_id, body, status) -> None:
    make_pilot(double_percent=0)
    turn = bot.turn("How do I export?", channel="email")
    answer = bot.post(f"{DRAFTS}/{turn_id or turn['turn_id']}/sent", body)
    assert answer.status_code == status
    assert not Draft.objects.exclude(sent_at=None).exists()


def test_a_turn_outside_every_pilot_has_no_draft(make_pilot, bot: Bot) -> None:
    turn = bot.turn("How do I export?", channel="chat")
    assert bot.post(f"{DRAFTS}/{turn['turn_id']}/sent", {"text": "x"}).status_code == 404
    assert bot.get(DRAFTS, state="loud").status_code == 400
    for moment in ("yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert bot.get(DRAFTS, after=moment).status_code in (200, 400), moment
    assert bot.get(DRAFTS, after="yesterday").status_code == 400


def test_the_document_describes_both_with_examples(client) -> None:
    paths = client.get("/api/schema/?format=json").json()["paths"]
    for path, method in ((DRAFTS, "get"), (f"{DRAFTS}/{{turn_id}}/sent", "post")):
        responses = paths[path][method]["responses"]
        assert {"200", "400", "401", "403", "429", "503"} <= set(responses)
        assert all(content.get("examples") for content in responses["200"]["content"].values())
