"""A language model behind any OpenAI-compatible address, or none. One try, one deadline, text or a reason.

The model gets messages and returns text. No tool is offered to it, a call that it wants is refused, and what
becomes of its words is the caller's business: it decides nothing. Addresses are judged as in
integrations.http_transport. The operator's own setting may name this machine, and then plain HTTP is allowed.
Neither key nor messages nor the model's words are in an exception or a log.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from core.errors import InvalidInput
from integrations.http_transport import (
    HttpRequest,
    Limits,
    NotSent,
    Origin,
    Unclear,
    exchange,
    is_loopback,
    split_url,
)

log = structlog.get_logger(__name__)

NAME = "The language model"
TOTAL_SECONDS = 1.8  # of one answer, whatever trickles
CONNECT_SECONDS = 1.0
MAX_ANSWER_BYTES = 200_000
MAX_TEXT_CHARACTERS = 6_000
FAILURES = 3  # in a row; then nobody asks for a while
PAUSE_SECONDS = 30.0
PARALLEL = 2  # calls of one process: the other threads answer without it meanwhile


class LlmFailed(Exception):
    """There is no usable answer; ``reason`` is a stable code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat; ``role`` is system or user."""

    role: str
    content: str = field(repr=False)


class Llm(Protocol):
    """Something that continues a chat."""

    def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline: float) -> str:
        """Return the model's text before ``deadline`` (of time.monotonic); raises LlmFailed."""
        ...


@dataclass(slots=True)
class Breaker:
    """Ask nobody for a while who has failed again and again; then one call at a time probes.

    Of one process: each finds out by itself. Safe to share between its threads.
    """

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    closed_until: float | None = None  # while it is set nobody else may call before it
    lock: threading.Lock = field(default_factory=threading.Lock)

    def may_call(self) -> bool:
        """Whether a call may go out; the first to ask after the pause becomes the probe."""
        with self.lock:
            now = self.clock()
            if self.closed_until is None:
                return True
            if now < self.closed_until:
                return False
            self.closed_until = now + PAUSE_SECONDS
            return True

    def settle(self, *, worked: bool) -> bool:
        """Note how a call went; return whether this one has begun a pause."""
        with self.lock:
            if worked:
                self.failures, self.closed_until = 0, None
                return False
            self.failures += 1
            if self.failures < FAILURES:
                return False
            begins = self.closed_until is None
            self.closed_until = self.clock() + PAUSE_SECONDS
            return begins


@dataclass(slots=True)
class ChatCompletions:
    """POST ``base_url``/chat/completions, as OpenAI, vLLM, llama.cpp, Ollama and others take it."""

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    breaker: Breaker = field(default_factory=Breaker)
    slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PARALLEL))

    def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline: float) -> str:
        """Return the model's text; raises LlmFailed, at the latest TOTAL_SECONDS from now."""
        deadline = min(deadline, time.monotonic() + TOTAL_SECONDS)
        if not self.slots.acquire(blocking=False):
            raise LlmFailed("busy")
        try:
            if not self.breaker.may_call():
                raise LlmFailed("paused")
            try:
                text = self._asked(messages, max_tokens, deadline)
            except LlmFailed as failure:
                paused = self.breaker.settle(worked=False)
                log.warning("llm_failed", reason=failure.reason, paused=paused)
                raise
            except BaseException:
                self.breaker.settle(worked=False)
                raise
            self.breaker.settle(worked=True)
            return text
        finally:
            self.slots.release()

    def _asked(self, messages: Sequence[Message], max_tokens: int, deadline: float) -> str:
        body = {
            "model": self.model,
            "messages": [{"role": one.role, "content": one.content} for one in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": False,
        }
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "support-admin-drafts",
        }
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        left = deadline - time.monotonic()
        if left <= 0:
            raise LlmFailed("no_time")
        try:
            origin, path = self._place()
            answer = exchange(
                origin,
                HttpRequest("POST", path, headers, json.dumps(body).encode()),
                Limits(min(CONNECT_SECONDS, left), left, left, MAX_ANSWER_BYTES),
            )
        except NotSent as error:
            raise LlmFailed("unreachable") from error
        except Unclear as error:
            raise LlmFailed("timeout" if time.monotonic() >= deadline else "broken_off") from error
        except InvalidInput as refusal:
            raise LlmFailed(refusal.code) from refusal
        if answer.status != 200:
            raise LlmFailed(f"status_{answer.status}")
        if not answer.complete:
            raise LlmFailed("cut_off")
        return text_of(answer.body)

    def _place(self) -> tuple[Origin, str]:
        parts = split_url(self.base_url, name=NAME)
        allowed = is_loopback(parts.hostname or "")  # as typed: no name of the internet leads to this machine
        origin = Origin.of(self.base_url, allow_loopback=allowed, name=NAME)
        return origin, f"{parts.path.rstrip('/')}/chat/completions"


def text_of(body: bytes) -> str:
    """Return the text of a chat completion; raises LlmFailed for anything that is not exactly one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise LlmFailed("not_json") from error
    choices = _typed(_typed(value, dict).get("choices"), list)
    if not choices:
        raise LlmFailed("wrong_schema")
    choice = _typed(choices[0], dict)
    message = _typed(choice.get("message"), dict)
    if message.get("tool_calls") or message.get("function_call"):
        raise LlmFailed("wants_a_tool")  # none is offered, none is run
    if choice.get("finish_reason") not in (None, "stop"):
        raise LlmFailed("unfinished")
    text = _typed(message.get("content"), str)
    if not text.strip():
        raise LlmFailed("empty")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise LlmFailed("too_long")
    return text


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise LlmFailed("wrong_schema")
    return value
