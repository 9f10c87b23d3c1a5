"""What an action in another system is to the product: a payload, one try, and a look whether it happened.

Each adapter offers ``Operation``s. An operation prepares the exact payload (no credentials in it), performs
it once, and says in an ``Outcome`` what is known about its effect. It tries nothing twice and keeps no rows:
who repeats, when, and what is written down is runtime.actions' business.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from core.errors import InvalidInput
from core.sealing import Secret
from integrations.http_json import retry_after
from integrations.http_transport import (
    HttpAnswer,
    HttpRequest,
    Limits,
    NotSent,
    Origin,
    Unclear,
    exchange,
    split_url,
)

# What is known about the effect of a try.
DONE = "done"  # it happened
REFUSED = "refused"  # it did not, and repeating it unchanged is useless
NO_EFFECT = "no_effect"  # it did not, for a reason that may pass: busy, no connection
UNCLEAR = "unclear"  # it may have happened

READ, WRITE = "read", "write"
CONNECT_SECONDS = 3
READ_SECONDS = 5
MAX_ANSWER_BYTES = 1_000_000
SHOWN_WORDS = 300  # characters of another system's own words in a message
USER_AGENT = "support-admin-actions"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an operation is asked with; ``max_length`` in characters."""

    name: str
    description: str
    required: bool = True
    max_length: int = 200


@dataclass(frozen=True, slots=True)
class Access:
    """How a system is reached. ``base_url`` is the system's own unless a stand-in is allowed.

    ``user``: whose secret it is, where the system asks for that too.
    """

    base_url: str
    secret: Secret
    allow_loopback: bool = False
    user: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try, or one look, has shown.

    - ``kind``: DONE, REFUSED, NO_EFFECT or UNCLEAR.
    - ``data``: what came back, by name, as text.
    - ``message``: one line for people; ``code``: stable, for programs.
    - ``wait_seconds``: what the system asks to wait before another try.
    - ``broken``: the system could not be reached or is out of order; counts towards the breaker.
    """

    kind: str
    data: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    code: str = ""
    wait_seconds: float | None = None
    broken: bool = False


class Performable(Protocol):
    """What the ledger needs of anything that it sends: one try, and a look whether it happened.

    ``repeatable``: the system takes our key, so that a repeated try has no second effect.
    """

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def effect(self) -> str: ...
    @property
    def repeatable(self) -> bool: ...

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Try once, until ``deadline`` (of time.monotonic). Raises nothing that the system causes."""
        ...

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Look whether it happened: DONE, REFUSED (it did not) or UNCLEAR (cannot be told)."""
        ...


class Operation(Performable, Protocol):
    """One thing that an action can do in one system.

    ``more_parameters``: whoever configures an action may add parameters of their own.
    ``data_names``: what comes back, by name, where it was done.
    """

    @property
    def parameters(self) -> tuple[Parameter, ...]: ...
    @property
    def more_parameters(self) -> bool: ...
    @property
    def data_names(self) -> tuple[str, ...]: ...
    @property
    def setting_names(self) -> tuple[str, ...]: ...

    def prepare(self, *, arguments: Mapping[str, str], settings: Json, base_url: str, key: str) -> Json:
        """Return the payload: method, url and body. Raises InvalidInput where a setting is missing."""
        ...


def key_uuid(key: str) -> uuid.UUID:
    """Return the UUID that stands for a key in other systems; of version 4 by form, as Linear asks for."""
    return uuid.UUID(bytes=sha256(key.encode()).digest()[:16], version=4)


def send_json(
    access: Access,
    url: str,
    body: Json | bytes,
    *,
    headers: Mapping[str, str],
    deadline: float,
    name: str,
    method: str = "POST",
) -> HttpAnswer | Outcome:
    """Send one request; return the answer, or the outcome where there is no usable one."""
    parts = split_url(url, name=name)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    data = body if isinstance(body, bytes) else encoded(body)
    sent = HttpRequest(
        method,
        target,
        {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": USER_AGENT}
        | {"Accept-Encoding": "identity"}
        | dict(headers),
        data if method != "GET" else b"",
    )
    left = deadline - time.monotonic()
    if left <= 0:
        return Outcome(NO_EFFECT, message="There was no time left to send it.", code="no_time")
    limits = Limits(min(CONNECT_SECONDS, left), min(READ_SECONDS, left), left, MAX_ANSWER_BYTES)
    try:
        answer = exchange(Origin.of(url, allow_loopback=access.allow_loopback, name=name), sent, limits)
    except NotSent as error:
        return Outcome(
            NO_EFFECT, message=f"{name} cannot be reached: {error}.", code="unreachable", broken=True
        )
    except Unclear as error:
        return Outcome(UNCLEAR, message=f"{name} did not answer: {error}.", code="no_answer", broken=True)
    except InvalidInput as refusal:
        kind = UNCLEAR if refusal.code == "answer_too_large" else REFUSED
        return Outcome(kind, message=refusal.message, code=refusal.code)
    return unusable(answer, name=name) or answer


def unusable(answer: HttpAnswer, *, name: str) -> Outcome | None:
    """Return the outcome of an answer that says nothing of the request itself, or None for one to be read."""
    status = answer.status
    if status == 429:
        return busy(name, answer)
    if 300 <= status < 400:
        return Outcome(
            REFUSED, message=f"{name} sends the request elsewhere; that is not followed.", code="redirected"
        )
    if status >= 500 or status in (408, 425):
        return Outcome(
            UNCLEAR, message=f"{name} is out of order ({status}).", code=f"status_{status}", broken=True
        )
    if not answer.complete:
        return Outcome(UNCLEAR, message=f"{name}'s answer was cut off.", code="cut_off", broken=True)
    return None


def busy(name: str, answer: HttpAnswer) -> Outcome:
    """Return the outcome of a request that was turned away for there being too many."""
    return Outcome(
        NO_EFFECT,
        message=f"{name} is asked too often at the moment.",
        code="rate_limited_there",
        wait_seconds=retry_after(answer.headers.get("retry-after", "")),
    )


def decoded(answer: HttpAnswer) -> Any:
    """Return the JSON of an answer, or None where it is none."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def encoded(body: Json) -> bytes:
    """Return the bytes of a body as they go out; the same body gives the same bytes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def words(access: Access, text: object) -> str:
    """Return another system's words as one line, bounded, without our secret and what no database keeps."""
    line = "".join(sign for sign in " ".join(str(text).split()) if sign.isprintable())
    return access.secret.hidden_in(line)[:SHOWN_WORDS]


def more_lines(arguments: Mapping[str, str], known: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the arguments that an operation does not know itself, as labels and values."""
    return [
        (name.replace("_", " ").capitalize(), value)
        for name, value in arguments.items()
        if name not in known and value.strip()
    ]
