"""The runtime endpoints as a bot meets them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.models import Activity, IdempotencyRecord
from escalation.engine import decide
from escalation.models import Rule
from escalation.selectors import rule_set_at
from escalation.services import rule_disable
from runtime.models import Conversation, Feedback, Handoff, Trace, Turn
from runtime.selectors import facts_of
from tests.runtime.conftest import SYSTEM, Bot

pytestmark = pytest.mark.django_db
TURNS = "/api/v1/turns"


def rows() -> tuple[int, ...]:
    models = (Conversation, Turn, Trace, Handoff, Feedback, Activity)
    return tuple(model.objects.count() for model in models)


@pytest.mark.row("7.1", "7.2")
def test_a_turn_has_the_shape_that_bots_rely_on(bot: Bot) -> None:
    body = bot.turn("How do I export?", channel="chat", page="/settings")
    assert list(body) == [
        "conversation_id",
        "turn_id",
        "decision",
        "reason",
        "mode",
        "delivered",
        "reply",
        "intent",
        "confidence",
        "is_fallback",
        "also",
        "citations",
        "options",
        "out_of_scope",
        "flow",
        "actions",
        "escalation",
        "handoff_id",
        "versions",
        "timings_ms",
    ]
    assert (body["decision"], body["mode"], body["delivered"]) == ("answer", "live", True)
    assert body["flow"] == {"step": None, "missing": []}
    assert set(body["citations"][0]) >= {
        "article_id",
        "revision_id",
        "title",
        "anchor",
        "quote",
        "score",
        "url",
    }


@pytest.mark.row("7.1", "4.10")
def test_a_handoff_is_read_accepted_and_resolved(bot: Bot) -> None:
    turn = bot.turn("I want a human")
    assert set(turn["escalation"]) == {
        "kind",
        "trigger",
        "rule_id",
        "rule_version",
        "matched_text",
        "wait_estimate_seconds",
    }
    path = f"/api/v1/handoffs/{turn['handoff_id']}"
    packet = bot.get(path).json()
    assert {"transcript", "intent", "alternatives", "attempted_steps", "data_pulled", "rule"} <= set(packet)
    assert (packet["complete"], packet["missing"], packet["state"]) == (True, [], "queued")
    assert packet["data_pulled"][0]["data"]["article_id"] == 12
    again = bot.post(TURNS, {"text": "hello?", "conversation_id": turn["conversation_id"]})
    assert (again.status_code, again.json()["code"]) == (409, "with_human")
    accepted = bot.post(f"{path}/accept", {"agent": "Ada"})
    assert (accepted.status_code, accepted.json()["accepted_by"]) == (200, "Ada")
    assert bot.post(f"{path}/accept").json()["code"] == "transition_not_allowed"
    assert bot.post(f"{path}/resolve", {"note": "done"}).json()["state"] == "resolved"
    conversation = bot.get(f"/api/v1/conversations/{turn['conversation_id']}").json()
    assert (conversation["state"], conversation["turn_count"]) == ("closed", 1)
    assert [line["role"] for line in conversation["transcript"]] == ["customer", "agent"]
    closed = bot.post(TURNS, {"text": "hello?", "conversation_id": turn["conversation_id"]})
    assert (closed.status_code, closed.json()["code"]) == (409, "conversation_closed")


@pytest.mark.row("4.16")
def test_a_returned_conversation_goes_on_with_the_agent(bot: Bot) -> None:
    turn = bot.turn("I want a human")
    returned = bot.post(f"/api/v1/handoffs/{turn['handoff_id']}/return", {"note": "asked again"})
    assert returned.json()["state"] == "returned"
    assert bot.turn("How do I export?", turn["conversation_id"])["decision"] == "answer"


@pytest.mark.row("4.17")
def test_handoffs_are_listed_by_state_and_reason(bot: Bot) -> None:
    bot.turn("I want a human")
    bot.turn("explode")
    assert [h["reason"] for h in bot.get("/api/v1/handoffs").json()["results"]] == [
        "step_failure",
        "human_request",
    ]
    assert len(bot.get("/api/v1/handoffs", reason="step_failure", state="queued").json()["results"]) == 1
    assert bot.get("/api/v1/handoffs", state="accepted").json()["results"] == []
    assert "packet" not in bot.get("/api/v1/handoffs").json()["results"][0]


@pytest.mark.row("7.4", "2.5")
@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (("runtime",), ("c-1", "", "", False)),
        (("runtime", "identity"), ("c-1", "admin", "pro", True)),
    ],
)
def test_only_a_key_with_identity_says_who_the_customer_is(make_bot, scopes, expected) -> None:
    bot = make_bot("bot", *scopes)
    bot.turn("How do I export?", customer={"external_id": "c-1", "user_type": "admin", "tier": "pro"})
    kept = Conversation.objects.get()
    assert (kept.customer_external_id, kept.user_type, kept.tier, kept.customer_verified) == expected
    audience = next(
        step["details"]["audience"] for step in Trace.objects.get().steps if step["name"] == "search"
    )
    assert audience == {"user_type": expected[1], "tier": expected[2]}


@pytest.mark.row("7.3", "R41")
def test_a_repeated_request_gets_the_first_answer_and_acts_once(bot: Bot) -> None:
    body = {"text": "I want a human"}
    first = bot.post(TURNS, body, **{"Idempotency-Key": "k-1"})
    replay = bot.post(TURNS, body, **{"Idempotency-Key": "k-1"})
    assert (replay.status_code, replay.json()) == (200, first.json())
    assert replay.headers["Idempotent-Replayed"] == "true"
    other = bot.post(TURNS, {"text": "other"}, **{"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert (Turn.objects.count(), Handoff.objects.count()) == (1, 1)
    path = f"/api/v1/handoffs/{first.json()['handoff_id']}/accept"
    answers = [bot.post(path, {}, **{"Idempotency-Key": "k-2"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert Activity.objects.filter(verb="handoff.accepted").count() == 1
    feedback = {"turn_id": first.json()["turn_id"], "rating": "up"}
    codes = [bot.post("/api/v1/feedback", feedback, **{"Idempotency-Key": "k-3"}) for _ in range(2)]
    assert [answer.status_code for answer in codes] == [201, 201]


@pytest.mark.row("7.3", "R41")
def test_a_refused_request_does_not_use_up_its_key(bot: Bot) -> None:
    refused = bot.post(TURNS, {"text": ""}, **{"Idempotency-Key": "k"})
    assert (refused.status_code, IdempotencyRecord.objects.count()) == (400, 0)
    assert bot.post(TURNS, {"text": "hi"}, **{"Idempotency-Key": "k"}).status_code == 200


@pytest.mark.row("7.3", "R41")
@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_posts_with_one_key_take_one_turn(bot: Bot) -> None:
    answers: list[Any] = []
    credentials = bot.http._credentials

    def go() -> None:
        try:
            client = APIClient()
            client.credentials(**credentials)
            headers = {"Idempotency-Key": "same"}
            answers.append(client.post(TURNS, {"text": "I want a human"}, format="json", headers=headers))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.json()["turn_id"] for answer in answers if answer.status_code == 200}) == 1
    assert (Conversation.objects.count(), Turn.objects.count(), Handoff.objects.count()) == (1, 1, 1)


@pytest.mark.row("R1", "R3", "R2")
def test_what_belongs_to_another_key_does_not_exist(bot: Bot, make_bot: Callable[..., Bot]) -> None:
    turn = bot.turn("I want a human")
    stranger = make_bot("stranger", "runtime", "feedback")
    before = rows()
    handoff, conversation = turn["handoff_id"], turn["conversation_id"]
    verdicts = [
        stranger.get(f"/api/v1/conversations/{conversation}"),
        stranger.get(f"/api/v1/handoffs/{handoff}"),
        *(stranger.post(f"/api/v1/handoffs/{handoff}/{move}") for move in ("accept", "resolve", "return")),
        stranger.post(TURNS, {"text": "hi", "conversation_id": conversation}),
        stranger.post("/api/v1/feedback", {"turn_id": turn["turn_id"], "rating": "down"}),
    ]
    assert [verdict.status_code for verdict in verdicts] == [404] * 7
    assert stranger.get("/api/v1/handoffs").json()["results"] == []
    assert rows() == before
    reader = make_bot("reader", "read")
    assert reader.get(f"/api/v1/conversations/{conversation}").status_code == 200
    assert reader.get(f"/api/v1/handoffs/{handoff}").status_code == 200


@pytest.mark.row("R1")
@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("post", TURNS, "runtime"),
        ("get", "/api/v1/conversations/2f6c3f0e-6a0d-4a51-9b8a-0c5a35d9b8f1", "read"),
        ("get", "/api/v1/handoffs", "read"),
        ("get", "/api/v1/handoffs/1", "read"),
        ("post", "/api/v1/handoffs/1/accept", "runtime"),
        ("post", "/api/v1/handoffs/1/resolve", "runtime"),
        ("post", "/api/v1/handoffs/1/return", "runtime"),
        ("post", "/api/v1/feedback", "feedback"),
        ("get", "/api/v1/events", "read"),
    ],
)
def test_every_endpoint_wants_a_key_with_its_scope(make_bot, method, path, scope) -> None:
    assert getattr(APIClient(), method)(path).status_code == 401
    assert getattr(make_bot("other", "content").http, method)(path).status_code == 403
    assert getattr(make_bot("right", scope).http, method)(path).status_code in {200, 400, 404}


POISON = [
    b'{"text": "\\u0000"}',
    b'{"text": "\\ud83d"}',
    b'{"text": NaN}',
    b'{"text": "x", "more": 1e400}',
    b'{"text": ' + b"9" * 5000 + b"}",
    b'{"text": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    b'{"text": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    b'{"text": "\xff\xfe"}',
    b'{"text": "' + b"x" * 10_000_000 + b'"}',
    b'{"text": "x", "customer": {"tier": "\\u0000"}}',
    b'{"text": "x", "\\udfff": "y"}',
    b'{"text": {"a": 1}}',
    b"[]",
    b'"text"',
    b"null",
]
POISON_BY_MEANING = [
    b'{"text": "x", "customer": "admin"}',
    b'{"text": "x", "conversation_id": "abc"}',
    b'{"text": "x", "conversation_id": [5]}',
    b'{"text": "x", "channel": ""}',
    b'{"text": "x", "channel": "a b"}',
    b'{"text": "   "}',
    b"",
]


def refused_without_trace(bot: Bot, path: str, raw: bytes) -> None:
    before = rows()
    response = bot.http.post(path, raw, content_type="application/json")
    assert response.status_code in {400, 413}, response.content[:300]
    assert set(response.json()) == {"code", "message", "extra"}
    assert rows() == before
    assert bot.get("/api/v1/handoffs").status_code == 200
    assert bot.get("/api/v1/events").status_code == 200


@pytest.mark.row("M7", "R13")
@pytest.mark.parametrize("path", [TURNS, "/api/v1/feedback"])
@pytest.mark.parametrize("raw", [*POISON, *POISON_BY_MEANING])
def test_poison_is_refused_and_leaves_nothing_behind(make_bot, path: str, raw: bytes) -> None:
    refused_without_trace(make_bot("bot", "runtime", "feedback", "read"), path, raw)


@pytest.mark.row("M7", "R13")
@pytest.mark.parametrize("move", ["accept", "resolve", "return"])
@pytest.mark.parametrize("raw", POISON)
def test_poison_moves_no_handoff(make_bot, move: str, raw: bytes) -> None:
    bot = make_bot("bot", "runtime", "read")
    handoff_id = bot.turn("I want a human")["handoff_id"]
    field = b'"agent"' if move == "accept" else b'"note"'
    refused_without_trace(bot, f"/api/v1/handoffs/{handoff_id}/{move}", raw.replace(b'"text"', field))
    assert Handoff.objects.get().state == "queued"


@pytest.mark.row("R13")
@pytest.mark.parametrize(
    "body",
    [
        {"turn_id": "abc", "rating": "up"},
        {"turn_id": 10**18, "rating": "up"},
        {"turn_id": -1, "rating": "up"},
        {"turn_id": "OWN"},
        {"turn_id": "OWN", "rating": "sideways"},
        {"turn_id": "OWN", "csat": 0},
        {"turn_id": "OWN", "csat": 6},
        {"turn_id": "OWN", "reopened": "perhaps"},
        {"turn_id": "OWN", "comment": "x" * 2001},
    ],
)
def test_feedback_that_cannot_be_meant_is_refused(bot: Bot, body: dict[str, Any]) -> None:
    turn = bot.turn("How do I export?")
    if body["turn_id"] == "OWN":
        body = {**body, "turn_id": turn["turn_id"]}
    assert bot.post("/api/v1/feedback", body).status_code in {400, 404}
    assert Feedback.objects.count() == 0


VALUES = ["abc", "-1", "1.5", "9" * 5000, "\x00", "", "\ud7ff" * 10, "' OR 1=1 --"]


@pytest.mark.row("R14")
@pytest.mark.parametrize("value", VALUES)
def test_strange_query_parameters_never_break_a_list(make_bot, value: str) -> None:
    bot = make_bot("bot", "runtime", "read")
    bot.turn("I want a human")
    names = (
        "state",
        "reason",
        "conversation_id",
        "cursor",
        "page_size",
        "ordering",
        "turn__text__startswith",
    )
    for name in names:
        assert bot.get("/api/v1/handoffs", **{name: value}).status_code in {200, 400, 404}
    for name in ("after", "limit", "format"):
        assert bot.get("/api/v1/events", **{name: value}).status_code in {200, 400, 404}
    for path in ("conversations", "handoffs"):
        assert bot.get(f"/api/v1/{path}/{value[:200]}").status_code in {200, 400, 404}


@pytest.mark.row("R29")
def test_lists_cost_the_same_at_3_and_30_rows(make_bot) -> None:
    bot = make_bot("bot", "runtime", "read")
    rule_disable(actor=SYSTEM, rule=Rule.objects.get(trigger="repeated_failure"))
    first = bot.turn("How do I export?")

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert bot.get(path).status_code == 200
        return len(queries)

    paths = (
        "/api/v1/handoffs?page_size=100",
        "/api/v1/events",
        f"/api/v1/conversations/{first['conversation_id']}",
    )
    for _ in range(3):
        bot.turn("I want a human")
        bot.turn("How do I export?", first["conversation_id"])
    few = [cost(path) for path in paths]
    for _ in range(27):
        bot.turn("I want a human")
        bot.turn("How do I export?", first["conversation_id"])
    assert [cost(path) for path in paths] == few
    assert len(bot.get(paths[0]).json()["results"]) == 30


@pytest.mark.row("7.12")
def test_every_decision_can_be_reproduced_from_the_event_log(make_bot) -> None:
    bot = make_bot("bot", "runtime", "read")
    texts = ["How do I export?", "I want a human", "explode", "excluded", "nonsense", "restricted matter"]
    for text in texts:
        bot.turn(text)
    first = bot.turn("something ambiguous")
    bot.turn("2", first["conversation_id"])
    seen: list[dict[str, Any]] = []
    after = 0
    while True:
        response = bot.get("/api/v1/events", after=after, limit=3)
        lines = [json.loads(line) for line in response.content.splitlines()]
        if not lines:
            break
        assert response.headers["Content-Type"] == "application/x-ndjson"
        seen += lines
        after = int(response.headers["X-Next-After"])
        assert after == lines[-1]["id"]
    assert [event["text"] for event in seen] == [*texts, "something ambiguous", "2"]
    for event in seen:
        decision = decide(facts_of(event["facts"]), rule_set_at(event["versions"]["rule_set"]))
        assert (decision.action, decision.reason) == (event["decision"], event["reason"])
        assert (decision.escalation.rule_id if decision.escalation else None) == (event["rule"] or {}).get(
            "rule_id"
        )


@pytest.mark.row("7.12")
def test_events_come_as_an_array_to_those_who_ask_for_json(make_bot) -> None:
    bot = make_bot("bot", "runtime", "read")
    bot.turn("How do I export?")
    response = bot.http.get("/api/v1/events", headers={"Accept": "application/json"})
    assert [event["number"] for event in response.json()] == [1]
    refused = bot.http.get("/api/v1/events?limit=0")
    assert (refused.status_code, json.loads(refused.content)["code"]) == (400, "invalid")


@pytest.mark.row("R4")
def test_fields_that_are_not_the_callers_are_ignored(make_bot) -> None:
    bot = make_bot("bot", "runtime")
    bot.turn(
        "How do I export?",
        state="closed",
        decision="escalate",
        api_key=999,
        customer={"external_id": "c", "verified": True, "user_type": "admin"},
    )
    kept = Conversation.objects.get()
    assert (kept.state, kept.api_key_id, kept.customer_verified, kept.user_type) == (
        "open",
        bot.key.pk,
        False,
        "",
    )


@pytest.mark.row("7.1")
def test_the_openapi_document_describes_every_runtime_endpoint(client) -> None:
    schema = client.get("/api/schema/?format=json").json()
    paths = {path: set(methods) for path, methods in schema["paths"].items()}
    for path, method in {
        TURNS: "post",
        "/api/v1/conversations/{id}": "get",
        "/api/v1/handoffs": "get",
        "/api/v1/handoffs/{id}": "get",
        "/api/v1/handoffs/{id}/accept": "post",
        "/api/v1/handoffs/{id}/resolve": "post",
        "/api/v1/handoffs/{id}/return": "post",
        "/api/v1/feedback": "post",
        "/api/v1/events": "get",
    }.items():
        assert method in paths[path]
        responses = schema["paths"][path][method]["responses"]
        assert {"401", "403", "429", "503"} <= set(responses)
        success = next(responses[code] for code in ("200", "201") if code in responses)
        assert all(content.get("examples") for content in success["content"].values())
