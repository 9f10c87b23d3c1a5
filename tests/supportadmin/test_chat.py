"""The demo chat's calls: whose words go where, what a reload brings back, and who may read it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from core.actors import Actor
from core.models import User
from escalation.services import defaults_install
from runtime.models import Conversation, Feedback, Handoff, HandoffMessage, Turn
from runtime.services import handoff_accept, handoff_resolve, handoff_return, message_reply, turn_take
from supportadmin import chat
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = pytest.mark.django_db


class Chat:
    """A visitor of the chat."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def post(self, path: str, **fields: Any) -> Any:
        return self.client.post(f"/demo/chat/{path}/", json.dumps(fields), content_type="application/json")

    def say(self, text: str, conversation: str | None = None, **more: Any) -> dict[str, Any]:
        answer = self.post("send", text=text, conversation_id=conversation, page="/home", **more)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def get(self, path: str, conversation: str, **query: Any) -> Any:
        return self.client.get(f"/demo/chat/{path}/", {"conversation": conversation, **query})


@pytest.fixture
def visitor(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> Chat:
    monkeypatch.setattr(chat, "turn_take", partial(turn_take, engines=ENGINES))
    defaults_install(actor=SYSTEM)
    return Chat(sign_in(make_user("carl", chat.PERMISSION)))


@pytest.fixture
def tara(make_user: Callable[..., User]) -> Actor:
    return Actor.of_user(make_user("tara", "runtime.change_handoff"))


@pytest.mark.row("4.16")
def test_what_the_customer_writes_goes_to_whoever_has_the_conversation(visitor: Chat, tara: Actor) -> None:
    first = visitor.say("I want a human")
    conversation = first["conversation_id"]
    assert (first["to"], first["handoff"]) == ("agent", True)
    assert visitor.say("hello?", conversation)["to"] == "person"
    handoff = Handoff.objects.get()
    handoff_accept(actor=tara, handoff=handoff)
    assert visitor.say("there?", conversation)["to"] == "person"
    assert (Turn.objects.count(), HandoffMessage.objects.count()) == (1, 2)
    handoff_return(actor=tara, handoff=handoff)
    back = visitor.say("How do I export?", conversation)
    assert (back["to"], back["decision"], back["conversation_id"]) == ("agent", "answer", conversation)


@pytest.mark.row("4.16")
def test_after_the_end_a_new_conversation_begins(visitor: Chat, tara: Actor) -> None:
    conversation = visitor.say("I want a human")["conversation_id"]
    handoff = Handoff.objects.get()
    handoff_accept(actor=tara, handoff=handoff)
    handoff_resolve(actor=tara, handoff=handoff, outcome="otherwise")
    anew = visitor.say("How do I export?", conversation)
    assert (anew["to"], anew["conversation_id"] != conversation) == ("agent", True)
    assert Conversation.objects.count() == 2


@pytest.mark.row("4.16")
def test_news_tells_who_has_it_and_what_was_written_and_304_without_any(visitor: Chat, tara: Actor) -> None:
    conversation = visitor.say("I want a human")["conversation_id"]
    first = visitor.get("news", conversation)
    assert (first.json()["state"], first.json()["agent"]) == ("waiting_for_human", None)
    address = f"/demo/chat/news/?conversation={conversation}"
    assert visitor.client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    handoff = Handoff.objects.get()
    handoff_accept(actor=tara, handoff=handoff)
    sent = message_reply(actor=tara, handoff=handoff, text="<b>Hello</b>")
    news = visitor.client.get(address, headers={"If-None-Match": first["ETag"]}).json()
    assert (news["state"], news["agent"], news["next_after"]) == ("with_human", "tara", sent.pk)
    assert [(one["sent_by"], one["text"]) for one in news["messages"]] == [("tara", "<b>Hello</b>")]
    assert visitor.get("news", conversation, after=sent.pk).json()["messages"] == []


@pytest.mark.row("4.16")
def test_a_page_that_is_loaded_anew_gets_everything_that_was_said(visitor: Chat, tara: Actor) -> None:
    conversation = visitor.say("How do I export?")["conversation_id"]
    visitor.say("I want a human", conversation)
    handoff = Handoff.objects.get()
    handoff_accept(actor=tara, handoff=handoff)
    for number in range(130):  # more than one answer holds
        message_reply(actor=tara, handoff=handoff, text=f"line {number}")
    found = visitor.get("history", conversation).json()
    kinds = [line["kind"] for line in found["lines"]]
    assert kinds == ["customer", "agent"] * 2 + ["message"] * 130
    assert found["lines"][-1]["text"] == "line 129"
    assert (found["lines"][3]["handoff"], found["state"]) == (True, "with_human")
    assert found["next_after"] == HandoffMessage.objects.order_by("-pk").first().pk


@pytest.mark.row("R35")
def test_a_message_that_is_sent_again_is_kept_once(visitor: Chat) -> None:
    conversation = visitor.say("I want a human")["conversation_id"]
    key = str(uuid.uuid4())
    ids = {visitor.say("hello?", conversation, key=key)["message_id"] for _ in range(2)}
    assert (len(ids), HandoffMessage.objects.count()) == (1, 1)


@pytest.mark.row("8.1")
def test_nobody_reads_or_writes_in_somebody_elses_chat(
    visitor: Chat, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    conversation = visitor.say("I want a human")["conversation_id"]
    other = Chat(sign_in(make_user("other", chat.PERMISSION)))
    for path in ("news", "history"):
        assert other.get(path, conversation).status_code == 404
        assert Chat(sign_in(make_user(f"nobody{path}"))).get(path, conversation).status_code == 403
        assert other.get(path, "nonsense").status_code == 400
    assert other.post("send", text="hello", conversation_id=conversation).status_code == 404
    assert visitor.get("news", conversation, after="-1").status_code == 400
    assert HandoffMessage.objects.count() == 0


@pytest.mark.row("4.16")
@pytest.mark.parametrize(
    ("given", "status"), [(1, 200), (5, 200), (0, 400), (6, 400), (True, 400), ("5", 400), (None, 400)]
)
def test_stars_are_kept_with_the_turn_that_was_handed_over(visitor: Chat, given: Any, status: int) -> None:
    turn_id = visitor.say("I want a human")["turn_id"]
    assert visitor.post("feedback", turn_id=turn_id, csat=given).status_code == status
    kept = list(Feedback.objects.values_list("turn_id", "csat"))
    assert kept == ([(turn_id, given)] if status == 200 else [])
