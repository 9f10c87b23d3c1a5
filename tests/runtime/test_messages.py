"""What people and customers write to each other while the agent is silent; hands that change."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from runtime.contracts import TurnRequest
from runtime.models import Conversation, Handoff, HandoffMessage, Turn
from runtime.services import (
    handoff_accept,
    handoff_pass,
    handoff_release,
    handoff_resolve,
    handoff_return,
    message_from_customer,
    message_reply,
    messages,
    turn_take,
)
from tests.runtime.conftest import ENGINES, SYSTEM, Bot

pytestmark = pytest.mark.django_db
DESK = "runtime.change_handoff"
Users = Callable[..., User]


def hand_over(conversation_id: Any = None, text: str = "I want a human") -> Handoff:
    result = turn_take(actor=SYSTEM, request=TurnRequest(text, conversation_id), engines=ENGINES)
    return Handoff.objects.get(pk=result.handoff_id)


def turn(conversation_id: Any, text: str) -> Any:
    return turn_take(actor=SYSTEM, request=TurnRequest(text, conversation_id), engines=ENGINES)


@pytest.fixture
def ada(rules: None, make_user: Users) -> Actor:
    return Actor.of_user(make_user("ada", DESK))


@pytest.fixture
def ben(rules: None, make_user: Users) -> Actor:
    return Actor.of_user(make_user("ben", DESK))


def written() -> list[tuple[str, str, str]]:
    return list(HandoffMessage.objects.order_by("pk").values_list("sender", "sent_by", "text"))


@pytest.mark.row("4.16")
def test_a_person_and_a_customer_write_to_each_other_and_the_bot_reads_none_of_it(ada: Actor) -> None:
    handoff = hand_over()
    message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text=" are you there? ")
    handoff_accept(actor=ada, handoff=handoff)
    message_reply(actor=ada, handoff=handoff, text="I am.\nWhat is it?")
    message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text="I will sue you")
    assert written() == [
        ("customer", "", "are you there?"),
        ("human", "ada", "I am.\nWhat is it?"),
        ("customer", "", "I will sue you"),
    ]
    handoff.refresh_from_db()
    assert (handoff.message_count, handoff.last_sender, Turn.objects.count()) == (3, "customer", 1)
    handoff_return(actor=ada, handoff=handoff)
    assert turn(handoff.conversation_id, "How do I export?").decision == "answer"


@pytest.mark.row("4.16")
def test_customers_know_people_by_their_first_names(bot: Bot, make_user: Users) -> None:
    taken = bot.turn("I want a human")
    person = make_user("t.okafor", DESK)
    User.objects.filter(pk=person.pk).update(first_name="Tara", last_name="Okafor")
    handoff = Handoff.objects.get()
    handoff_accept(actor=Actor.of_user(person), handoff=handoff)
    message_reply(actor=Actor.of_user(person), handoff=handoff, text="Hello")
    news = bot.get(f"/api/v1/conversations/{taken['conversation_id']}/messages").json()
    assert (news["agent"], news["messages"][0]["sent_by"]) == ("Tara", "Tara")
    assert Handoff.objects.get().accepted_by == "t.okafor"


@pytest.mark.row("4.16", "R23")
@pytest.mark.parametrize(
    ("state", "mine", "code"),
    [
        ("queued", False, "not_claimed"),
        ("accepted", False, "held_by_other"),
        ("resolved", True, "finished"),
        ("returned", True, "finished"),
    ],
)
def test_a_reply_to_a_case_that_is_not_ones_own_is_refused(
    ada: Actor, ben: Actor, state: str, mine: bool, code: str
) -> None:
    handoff = hand_over()
    holder = ada if mine else ben
    Handoff.objects.update(
        state=state,
        assignee=None if state == "queued" else holder.id,
        accepted_by="" if state == "queued" else holder.label,
    )
    with pytest.raises(Conflict) as refusal:
        message_reply(actor=ada, handoff=handoff, text="hello")
    assert refusal.value.code == code
    if code == "held_by_other":
        assert refusal.value.message.startswith("ben has this case")
    assert (written(), Handoff.objects.get().message_count) == ([], 0)


@pytest.mark.row("8.1")
def test_nobody_replies_without_the_permission_of_the_desk(ada: Actor, make_user: Users) -> None:
    handoff = hand_over()
    stranger = make_user("stranger")
    Handoff.objects.update(state="accepted", assignee=stranger)
    for actor in (Actor.of_user(stranger), Actor("api_key", 1, "bot")):
        with pytest.raises(NotAllowed):
            message_reply(actor=actor, handoff=handoff, text="hello")
    assert written() == []


@pytest.mark.row("4.16")
@pytest.mark.parametrize(("state", "code"), [("open", "with_agent"), ("closed", "conversation_closed")])
def test_a_customers_message_goes_to_nobody_where_no_person_is_asked(
    rules: None, state: str, code: str
) -> None:
    conversation = Conversation.objects.create(channel="chat", state=state)
    with pytest.raises(Conflict) as refusal:
        message_from_customer(actor=SYSTEM, conversation=conversation, text="hello")
    assert (refusal.value.code, written()) == (code, [])


@pytest.mark.row("R31")
@pytest.mark.parametrize(
    ("text", "code"),
    [(" \n ", "empty_text"), ("x" * 4_001, "text_too_long"), ("a\x00b", "bad_text"), ("\ud800", "bad_text")],
)
def test_a_message_that_cannot_be_kept_is_refused_on_both_sides(ada: Actor, text: str, code: str) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    for send in (
        lambda: message_reply(actor=ada, handoff=handoff, text=text),
        lambda: message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text=text),
    ):
        with pytest.raises(InvalidInput) as refusal:
            send()
        assert refusal.value.code == code
    assert (written(), Handoff.objects.get().message_count) == ([], 0)


@pytest.mark.row("R35")
def test_a_message_sent_twice_with_one_key_is_kept_once_even_after_the_end(ada: Actor) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    key = uuid.uuid4()
    first = message_reply(actor=ada, handoff=handoff, text="hello", key=key)
    handoff_resolve(actor=ada, handoff=handoff)
    assert message_reply(actor=ada, handoff=handoff, text="hello", key=key).pk == first.pk
    assert (written(), Handoff.objects.get().message_count) == ([("human", "ada", "hello")], 1)


@pytest.mark.row("R20")
def test_a_handoff_holds_a_bounded_number_of_messages(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_MESSAGES", 2)
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    for number in range(2):
        message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text=f"message {number}")
    for send in (
        lambda: message_reply(actor=ada, handoff=handoff, text="too many"),
        lambda: message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text="too many"),
    ):
        with pytest.raises(Conflict) as refusal:
            send()
        assert refusal.value.code == "handoff_full"
    assert len(written()) == 2


@pytest.mark.row("4.16")
def test_a_released_case_waits_again_and_another_person_takes_it(ada: Actor, ben: Actor) -> None:
    handoff = hand_over()
    asked = handoff.requested_at
    handoff_accept(actor=ada, handoff=handoff)
    handoff_release(actor=ben, handoff=handoff)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.accepted_by, handoff.accepted_at, handoff.assignee_id) == (
        "queued",
        "",
        None,
        None,
    )
    assert (handoff.conversation.state, handoff.requested_at) == ("waiting_for_human", asked)
    with pytest.raises(Conflict) as refusal:
        turn(handoff.conversation_id, "hello?")
    assert refusal.value.code == "with_human"
    handoff_accept(actor=ben, handoff=handoff)
    assert Handoff.objects.get().accepted_by == "ben"
    verbs = [("ada", "handoff.accepted"), ("ben", "handoff.queued"), ("ben", "handoff.accepted")]
    log = Activity.objects.filter(verb__startswith="handoff.").order_by("pk")
    assert list(log.values_list("actor_label", "verb")) == verbs


@pytest.mark.row("4.16", "8.1")
@pytest.mark.parametrize("service", [handoff_resolve, handoff_return])
def test_only_the_person_who_has_a_case_ends_it(ada: Actor, ben: Actor, service: Callable[..., Any]) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    with pytest.raises(Conflict) as refusal:
        service(actor=ben, handoff=handoff)
    assert (refusal.value.code, Handoff.objects.get().state) == ("held_by_other", "accepted")
    service(actor=ada, handoff=handoff)


@pytest.mark.row("4.16")
def test_a_case_is_passed_to_a_colleague_of_the_desk_and_to_nobody_else(
    ada: Actor, ben: Actor, make_user: Users
) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    with pytest.raises(InvalidInput) as refusal:
        handoff_pass(actor=ada, handoff=handoff, to=make_user("guest"))
    assert refusal.value.code == "not_at_the_desk"
    handoff_pass(actor=ada, handoff=handoff, to=User.objects.get(username="ben"))
    assert Handoff.objects.get().accepted_by == "ben"
    for act in (message_reply, handoff_pass):
        with pytest.raises(Conflict) as held:
            extra = {"text": "hi"} if act is message_reply else {"to": User.objects.get(username="ada")}
            act(actor=ada, handoff=handoff, **extra)
        assert held.value.code == "held_by_other"
    message_reply(actor=ben, handoff=handoff, text="Hello, ben here.")
    assert written() == [("human", "ben", "Hello, ben here.")]


@pytest.mark.row("4.16")
def test_the_second_to_claim_is_told_who_has_it(ada: Actor, ben: Actor) -> None:
    handoff = hand_over()
    stale = Handoff.objects.get()
    handoff_accept(actor=ada, handoff=handoff)
    for seen in (stale, Handoff.objects.get()):
        with pytest.raises(Conflict) as refusal:
            handoff_accept(actor=ben, handoff=seen)
        assert refusal.value.message.startswith("ada has this case since ")
        assert refusal.value.extra["accepted_by"] == "ada"


@pytest.mark.row("4.16")
def test_after_a_return_old_words_hand_nothing_over_again(ada: Actor) -> None:
    """No loop: neither what led to the handoff nor what was written in it counts once the agent is back."""
    handoff = hand_over()
    message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text="human human human")
    handoff_accept(actor=ada, handoff=handoff)
    handoff_return(actor=ada, handoff=handoff)
    assert Conversation.objects.get().context_start == 1  # what counts over turns counts from here
    for question in ("How do I export?", "ambiguous"):
        assert turn(handoff.conversation_id, question).decision != "escalate"
    assert Handoff.objects.count() == 1
    assert hand_over(handoff.conversation_id, "I want a human, please").pk != handoff.pk  # new words do
    assert Handoff.objects.count() == 2


@pytest.mark.row("4.16")
def test_a_question_from_before_the_handoff_is_not_pending_after_the_return(ada: Actor) -> None:
    first = turn(None, "ambiguous")
    assert first.decision == "clarify"
    handoff = hand_over(first.conversation_id)
    handoff_return(actor=ada, handoff=handoff)
    assert turn(first.conversation_id, "1").decision == "answer"  # "1" answers nothing: it is classified
    assert Turn.objects.order_by("-number").first().trace.facts["pending_trigger"] == ""


@pytest.mark.row("4.16")
def test_after_the_end_the_same_conversation_is_closed_for_bot_and_customer_alike(ada: Actor) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    handoff_resolve(actor=ada, handoff=handoff, outcome="as_answered", note="Was right.")
    assert (Handoff.objects.get().outcome, Conversation.objects.get().state) == ("as_answered", "closed")
    with pytest.raises(Conflict) as refusal:
        turn(handoff.conversation_id, "thanks, and another thing")
    assert refusal.value.code == "conversation_closed"
    anew = turn(None, "How do I export?")
    assert (anew.decision, anew.conversation_id != handoff.conversation_id) == ("answer", True)


@pytest.mark.row("4.17")
def test_an_outcome_is_of_the_taxonomy_or_there_is_none(ada: Actor) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    with pytest.raises(InvalidInput) as refusal:
        handoff_resolve(actor=ada, handoff=handoff, outcome="whatever")
    assert (refusal.value.code, Handoff.objects.get().state) == ("bad_outcome", "accepted")


@pytest.mark.row("4.10", "4.13")
def test_the_packet_of_a_second_handoff_tells_what_was_written_in_the_first(ada: Actor) -> None:
    handoff = hand_over()
    handoff_accept(actor=ada, handoff=handoff)
    message_reply(actor=ada, handoff=handoff, text="Your order number?")
    message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text="It is 204")
    handoff_return(actor=ada, handoff=handoff)
    packet = hand_over(handoff.conversation_id, "I want a human, please").packet
    assert [(line["turn"], line["role"], line.get("by")) for line in packet["transcript"]] == [
        (1, "customer", None),
        (1, "agent", None),
        (1, "human", "ada"),
        (1, "customer", None),
        (2, "customer", None),
        (2, "agent", None),
    ]
    assert packet["transcript"][3]["text"] == "It is 204"
    assert (packet["complete"], packet["missing"]) == (True, [])


# By the API


@pytest.mark.row("7.1", "4.16")
def test_a_bot_passes_messages_on_and_fetches_what_the_person_wrote(bot: Bot, ada: Actor) -> None:
    taken = bot.turn("I want a human")
    path = f"/api/v1/conversations/{taken['conversation_id']}/messages"
    assert bot.get(path).json() == {
        "state": "waiting_for_human",
        "handoff_id": taken["handoff_id"],
        "handoff_state": "queued",
        "agent": None,
        "messages": [],
        "next_after": 0,
    }
    sent = bot.post(path, {"text": "It is urgent"})
    assert (sent.status_code, sent.json()["sender"], sent.json()["text"]) == (201, "customer", "It is urgent")
    handoff = Handoff.objects.get()
    handoff_accept(actor=ada, handoff=handoff)
    message_reply(actor=ada, handoff=handoff, text="I am on it")
    news = bot.get(path, after=sent.json()["id"]).json()
    assert (news["state"], news["agent"]) == ("with_human", "ada")
    assert [(m["sender"], m["sent_by"], m["text"]) for m in news["messages"]] == [
        ("human", "ada", "I am on it")
    ]
    assert bot.get(path, after=news["next_after"]).json()["messages"] == []
    shown = bot.get(f"/api/v1/handoffs/{handoff.pk}").json()
    assert shown["outcome"] is None
    assert [m["text"] for m in shown["messages"]] == ["It is urgent", "I am on it"]
    transcript = bot.get(f"/api/v1/conversations/{taken['conversation_id']}").json()["transcript"]
    assert [line["role"] for line in transcript] == ["customer", "agent", "customer", "human"]
    handoff_resolve(actor=ada, handoff=handoff)
    assert bot.get(path).json()["state"] == "closed"
    assert bot.post(path, {"text": "thanks"}).json()["code"] == "conversation_closed"


@pytest.mark.row("7.3")
def test_a_message_is_passed_on_once_per_idempotency_key(bot: Bot) -> None:
    path = f"/api/v1/conversations/{bot.turn('I want a human')['conversation_id']}/messages"
    answers = [bot.post(path, {"text": "hello"}, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert bot.post(path, {"text": "other"}, **{"Idempotency-Key": "k1"}).status_code == 409
    assert written() == [("customer", "", "hello")]


@pytest.mark.row("7.4")
def test_a_key_writes_only_into_its_own_conversations_and_reads_others_only_with_the_scope(
    make_bot: Callable[..., Bot],
) -> None:
    path = f"/api/v1/conversations/{make_bot('one').turn('I want a human')['conversation_id']}/messages"
    other = make_bot("two")
    reader = make_bot("three", "read", "runtime")
    assert (other.get(path).status_code, other.post(path, {"text": "hello"}).status_code) == (404, 404)
    assert (reader.get(path).status_code, reader.post(path, {"text": "hello"}).status_code) == (200, 404)
    assert make_bot("four", "read").post(path, {"text": "hello"}).status_code == 403
    assert written() == []


@pytest.mark.row("7.1")
@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 4_001}, {"text": None}, {"text": ["a"]}])
def test_what_is_no_message_is_refused(bot: Bot, body: Any) -> None:
    path = f"/api/v1/conversations/{bot.turn('I want a human')['conversation_id']}/messages"
    assert bot.post(path, body).status_code == 400
    assert bot.get(path, after="-1").status_code == 400
    assert bot.post("/api/v1/conversations/nonsense/messages", {"text": "x"}).status_code == 404
    assert written() == []


@pytest.mark.row("4.10")
def test_the_schema_of_a_packet_is_published(bot: Bot) -> None:
    schema = bot.get("/api/v1/handoffs/schema").json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["required"]) == {
        *("transcript", "intent", "alternatives", "attempted_steps", "data_pulled", "rule", "customer"),
        "suggested_reply",
    }


@pytest.mark.row("4.18")
def test_an_address_that_was_asked_for_is_kept_and_confirmed_once(rules: None) -> None:
    handoff = hand_over()
    conversation = handoff.conversation
    message_from_customer(actor=SYSTEM, conversation=conversation, text="before: a@example.com")
    Handoff.objects.filter(pk=handoff.pk).update(contact_asked_at=handoff.requested_at)
    key = uuid.uuid4()
    for _ in range(2):  # a retry confirms nothing again
        message_from_customer(actor=SYSTEM, conversation=conversation, text="kim@example.com", key=key)
    message_from_customer(actor=SYSTEM, conversation=conversation, text="or else b@example.com")
    handoff.refresh_from_db()
    assert (handoff.contact_email, handoff.message_count, handoff.last_sender) == (
        "kim@example.com",
        4,
        "customer",
    )
    said = written()
    assert [sender for sender, _, _ in said] == ["customer", "customer", "agent", "customer"]
    assert "kim@example.com" not in said[2][2]  # masked in the words that confirm it
    assert "example.com" in said[2][2]
