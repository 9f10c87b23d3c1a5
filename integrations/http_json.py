"""Ask a help desk's API for JSON, patiently and without being led elsewhere.

Where a request may go and how long it may take is integrations.http_transport's; this adds basic
authentication, tries again where that helps, and decodes. Knows no help desk. Secrets are in one header,
which no message and no log ever holds.
"""

from __future__ import annotations

import base64
import email.utils
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from core.errors import InvalidInput, Unavailable
from integrations.http_transport import (
    HttpRequest,
    Limits,
    NotSent,
    Origin,
    Unclear,
    exchange,
    split_url,
)

NAME = "The help desk"

CONNECT_SECONDS = 3
READ_SECONDS = 10
BODY_SECONDS = 120  # for a whole answer, however it trickles
MAX_BODY_BYTES = 50 * 1024**2
MAX_TRIES = 5
MAX_WAIT_SECONDS = 300  # a help desk that asks for more is left for later
PAUSES_SECONDS = (1, 2, 4, 8)
JITTER = 0.25  # of the pause, added
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
INT64_DIGITS = 19


class NoSuchRecord(Exception):
    """The help desk says 404: the thing is gone, or this account has no such feature."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of JSON with the headers, names in small letters."""

    value: Any
    headers: Mapping[str, str]


class _Transient(Exception):
    """This try failed, another one may not; ``wait_seconds`` is what the server asks for, if it does."""

    def __init__(self, problem: str, wait_seconds: float | None = None) -> None:
        super().__init__(problem)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class HelpDeskClient:
    """GET requests with basic authentication to one host.

    ``base_url`` is an address like https://acme.zendesk.com; InvalidInput for one that may not be asked.
    """

    base_url: str
    user: str = field(repr=False)
    secret: str = field(repr=False)
    allow_loopback: bool = False
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        self._origin()
        parts = split_url(self.base_url, name=NAME)
        if parts.query or parts.path not in ("", "/"):
            message = (
                "The help desk's address must be a host and nothing more, like https://acme.zendesk.com."
            )
            raise InvalidInput(message, code="bad_address")

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """Return the answer; waits and tries again where that helps.

        Raises NoSuchRecord, InvalidInput (refused for good) or Unavailable (worth a later job).
        """
        target = f"{path}?{urlencode(query)}" if query else path
        problem = ""
        for attempt in range(MAX_TRIES):
            try:
                return self._once(target)
            except _Transient as error:
                problem = str(error)
                pause = error.wait_seconds
                if pause is not None and pause > MAX_WAIT_SECONDS:
                    break
                if attempt + 1 < MAX_TRIES:
                    pause = PAUSES_SECONDS[attempt] if pause is None else pause
                    self.sleep(pause * (1 + JITTER * random.random()))  # noqa: S311  # nosec B311
        raise Unavailable(f"The help desk does not answer: {problem}.", code="help_desk_unavailable")

    def next_target(self, link: str) -> str:
        """Return path and query of an address that the server gave; raises InvalidInput for another host."""
        there, here = split_url(link, name=NAME), split_url(self.base_url, name=NAME)
        if there.netloc and (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise InvalidInput("The help desk's next page is on another host.", code="bad_address")
        return f"{there.path}?{there.query}" if there.query else there.path

    def _once(self, target: str) -> Answer:
        limits = Limits(CONNECT_SECONDS, READ_SECONDS, BODY_SECONDS, MAX_BODY_BYTES)
        try:
            answer = exchange(self._origin(), HttpRequest("GET", target, self._headers()), limits)
        except (NotSent, Unclear) as error:  # reading twice does no harm
            raise _Transient(str(error)) from error
        _check_status(answer.status, answer.headers)
        if not answer.complete:
            raise _Transient("its answer was cut off")
        return Answer(_value(answer.body), answer.headers)

    def _origin(self) -> Origin:
        return Origin.of(self.base_url, allow_loopback=self.allow_loopback, name=NAME)

    def _headers(self) -> dict[str, str]:
        credentials = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Basic {credentials}",
            "User-Agent": "support-admin-import",
        }


def _check_status(status: int, headers: Mapping[str, str]) -> None:
    if status in TRANSIENT:
        raise _Transient(f"it answered {status}", retry_after(headers.get("retry-after", "")))
    if status in (401, 403):
        message = "The help desk refuses the credentials, or they may not read tickets."
        raise InvalidInput(message, code="credentials_refused")
    if status in (404, 410):
        raise NoSuchRecord
    if 300 <= status < 400:
        message = "The help desk sends the request elsewhere. Enter the address that it really has."
        raise InvalidInput(message, code="redirected")
    if status != 200:
        raise InvalidInput(f"The help desk refuses the request with {status}.", code="request_refused")
    if headers.get("content-encoding", "identity") != "identity":
        raise InvalidInput(
            "The help desk answers in a packed form that was not asked for.", code="bad_answer"
        )


def retry_after(value: str) -> float | None:
    """Return the seconds to wait, from a number or an HTTP date (RFC 9110, 10.2.3), or None."""
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _value(body: bytes) -> Any:
    """Decode leniently: each record is judged by itself later, so that one bad record spoils no page."""
    try:
        return json.loads(body, parse_int=_whole_number)
    except (ValueError, RecursionError) as error:  # also a body without a length that was cut off
        raise _Transient("its answer is not valid JSON") from error


def _whole_number(digits: str) -> int | float:
    """Numbers of thousands of digits become infinite, which the check of the record refuses."""
    return int(digits) if len(digits) <= INT64_DIGITS else float("inf")
