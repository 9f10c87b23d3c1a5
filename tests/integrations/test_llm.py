"""The client of OpenAI-compatible servers: one try, one deadline, text or a reason; no key in any log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from integrations import llm
from integrations.http_transport import Origin
from integrations.llm import Breaker, ChatCompletions, LlmFailed, Message
from tests.integrations.stand_ins import server as faults
from tests.integrations.stand_ins.server import Request, running

pytestmark = pytest.mark.row("7.7")
KEY = "sk-canary-4f1e9c"
ASKED = [Message("system", "Answer."), Message("user", "canary question")]


def completion(content: Any, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content}, **choice}]}


def ask(url: str, **more: Any) -> str:
    client = ChatCompletions(f"{url}/v1", "small", KEY, **more)
    return client.complete(ASKED, max_tokens=50, deadline=time.monotonic() + 5)


def test_the_models_text_comes_back_and_no_tool_was_offered() -> None:
    with running(lambda request: (200, completion("Fine.", finish_reason="stop"))) as server:
        assert ask(server.url) == "Fine."
    (sent,) = server.requests
    assert (sent.method, sent.path) == ("POST", "/v1/chat/completions")
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.json == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Answer."},
            {"role": "user", "content": "canary question"},
        ],
        "max_tokens": 50,
        "temperature": 0,
        "stream": False,
    }


def deep() -> bytes:
    return b'{"choices":' + b"[" * 50_000 + b"]" * 50_000 + b"}"


GARBAGE: list[tuple[str, int, Any]] = [
    ("not_json", 200, b"<html><body>Sign in to the proxy</body></html>"),
    ("not_json", 200, b""),
    ("not_json", 200, b"\xff\xfe\x00"),
    ("not_json", 200, b'{"choices": [{"message": {"content": "cut'),
    ("not_json", 200, deep()),
    ("answer_too_large", 200, b'"' + b"x" * 10_000_000 + b'"'),
    ("wrong_schema", 200, []),
    ("wrong_schema", 200, {}),
    ("wrong_schema", 200, {"choices": []}),
    ("wrong_schema", 200, {"choices": "Fine."}),
    ("wrong_schema", 200, {"choices": [{"text": "Fine."}]}),
    ("wrong_schema", 200, {"choices": [{"message": "Fine."}]}),
    ("wrong_schema", 200, completion(None)),
    ("wrong_schema", 200, completion(["Fine."])),
    ("wrong_schema", 200, completion({"answer": "Fine."})),
    ("wrong_schema", 200, {"error": {"message": "no such model"}}),
    ("empty", 200, completion("  \n ")),
    ("too_long", 200, completion("Fine. " * 2_000)),
    ("unfinished", 200, completion("Fine", finish_reason="length")),
    ("unfinished", 200, completion("Fine", finish_reason="content_filter")),
    ("unfinished", 200, completion("Fine", finish_reason=["stop"])),
    ("status_500", 500, {"error": "out of memory"}),
    ("status_429", 429, {"error": "slow down"}),
    ("status_401", 401, {"error": KEY}),
    ("status_404", 404, b"not found"),
    ("status_307", 307, b""),
    ("status_204", 204, b""),
]


@pytest.mark.parametrize(("reason", "status", "body"), GARBAGE)
def test_what_is_not_exactly_one_answer_is_none(reason: str, status: int, body: Any) -> None:
    with running(lambda request: (status, body)) as server, pytest.raises(LlmFailed) as failure:
        ask(server.url)
    assert failure.value.reason == reason
    assert len(server.requests) == 1  # nothing is tried twice


def test_a_call_that_the_model_wants_is_not_made() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "stripe_refund", "arguments": "{}"}}
    body = completion("Fine.")
    body["choices"][0]["message"]["tool_calls"] = [call]
    with running(lambda request: (200, body)) as server, pytest.raises(LlmFailed, match="wants_a_tool"):
        ask(server.url)


@pytest.mark.row("R59")
@pytest.mark.parametrize("fault", [faults.SILENT_BEFORE, faults.DRIP_AFTER, faults.SILENT_AFTER])
def test_a_model_that_stalls_is_given_up_within_two_seconds(fault: str) -> None:
    with running(lambda request: (200, completion("Fine. " * 300))) as server:
        server.faults.append(fault)
        server.slow_seconds = 6
        started = time.monotonic()
        with pytest.raises(LlmFailed) as failure:
            ask(server.url)
    assert failure.value.reason == "timeout"
    assert time.monotonic() - started <= 2.0


@pytest.mark.parametrize("fault", [faults.RESET_BEFORE, faults.RESET_AFTER, faults.TRUNCATED_AFTER])
def test_a_broken_connection_is_a_reason_too(fault: str) -> None:
    with running(lambda request: (200, completion("Fine."))) as server:
        server.faults.append(fault)
        with pytest.raises(LlmFailed) as failure:
            ask(server.url)
    assert failure.value.reason in ("broken_off", "cut_off", "not_json")


def test_nobody_listens() -> None:
    with pytest.raises(LlmFailed, match="unreachable"):
        ask("http://127.0.0.1:9")


@pytest.mark.row("R44")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://10.0.0.1", "bad_address"),
        ("https://10.0.0.1", "private_address"),
        ("https://169.254.169.254", "private_address"),
        ("http://example.com", "bad_address"),
        ("http://localtest.me", "bad_address"),  # a name of the internet that leads here
        ("https://user:secret@example.com", "bad_address"),
        ("file:///etc/passwd", "bad_address"),
        ("ftp://127.0.0.1", "bad_address"),
        ("https://[::ffff:10.0.0.1]", "private_address"),
        ("https://[", "bad_address"),
        ("", "bad_address"),
    ],
)
def test_an_address_that_may_not_be_asked_is_not(url: str, reason: str) -> None:
    with pytest.raises(LlmFailed) as failure:
        ask(url)
    assert failure.value.reason == reason


def test_a_name_that_resolves_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [(2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr("integrations.http_transport.socket.getaddrinfo", lambda *args, **kwargs: here)
    with pytest.raises(LlmFailed, match="private_address"):
        ask("https://llm.example.com")
    assert Origin.of("https://llm.example.com").allow_loopback is False


def test_after_three_failures_in_a_row_nobody_is_asked_for_thirty_seconds() -> None:
    now = [100.0]
    status = [500]
    breaker = Breaker(clock=lambda: now[0])

    def answer(request: Request) -> tuple[int, Any]:
        return status[0], completion("Fine.")

    with running(answer) as server:

        def reason() -> str:
            try:
                return ask(server.url, breaker=breaker)
            except LlmFailed as failure:
                return failure.reason

        assert [reason() for _ in range(5)] == ["status_500"] * 3 + ["paused"] * 2
        assert len(server.requests) == 3
        now[0] += 29.9
        assert reason() == "paused"
        now[0] += 0.2  # the first one probes, and fails
        assert [reason(), reason()] == ["status_500", "paused"]
        now[0] += 30.1
        status[0] = 200
        assert [reason(), reason()] == ["Fine.", "Fine."]
        status[0] = 500
        assert [reason(), reason()] == ["status_500", "status_500"]
        status[0] = 200
        assert reason() == "Fine."  # two are not three in a row


def test_only_one_call_probes() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(llm.FAILURES):
        breaker.settle(worked=False)
    now[0] = 31
    assert [breaker.may_call() for _ in range(3)] == [True, False, False]


def test_more_than_two_at_once_answer_without_it() -> None:
    client = ChatCompletions("http://127.0.0.1:9/v1", "small", KEY)
    for _ in range(llm.PARALLEL):
        client.slots.acquire()
    with pytest.raises(LlmFailed, match="busy"):
        client.complete(ASKED, max_tokens=5, deadline=time.monotonic() + 1)
    assert client.breaker.failures == 0


@pytest.mark.row("R46")
def test_neither_key_nor_words_are_in_logs_reprs_or_errors(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Callable[[], tuple[int, Any]]] = [
        lambda: (200, completion("canary answer", finish_reason="length")),
        lambda: (401, {"error": KEY}),
        lambda: (200, json.dumps({"canary": KEY}).encode()),
    ]
    with running(lambda request: answers.pop(0)()) as server:
        client = ChatCompletions(f"{server.url}/v1", "small", KEY)
        for _ in range(3):
            with pytest.raises(LlmFailed) as failure:
                client.complete(ASKED, max_tokens=5, deadline=time.monotonic() + 5)
            assert "canary" not in repr(failure.value) + str(failure.value)
    said = capfd.readouterr()
    told = said.out + said.err + caplog.text + repr(client) + repr(ASKED)
    assert "llm_failed" in said.out + said.err + caplog.text
    assert KEY not in told
    assert "canary" not in told
