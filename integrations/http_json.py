"""Ask a help desk's API for JSON, patiently and without being led elsewhere.

The standard library's http.client, because the address that a name resolves to must be judged on the very
socket that is used: no private network, no redirect, no plain HTTP (this machine's own address only where a
caller allows it). Knows no help desk. Secrets are in one header, which no message and no log ever holds.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import ipaddress
import json
import random
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from core.errors import InvalidInput, Unavailable

CONNECT_SECONDS = 3
READ_SECONDS = 10
BODY_SECONDS = 120  # for a whole answer, however it trickles
MAX_BODY_BYTES = 50 * 1024**2
MAX_TRIES = 5
MAX_WAIT_SECONDS = 300  # a help desk that asks for more is left for later
PAUSES_SECONDS = (1, 2, 4, 8)
JITTER = 0.25  # of the pause, added
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
EMBEDDED_IPV4 = ipaddress.ip_network("64:ff9b::/96")  # NAT64
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
        parts = _parts(self.base_url)
        if parts.scheme != "https" and not (
            parts.scheme == "http" and self.allow_loopback and _is_loopback(parts.hostname or "")
        ):
            raise InvalidInput("The help desk's address must begin with https://.", code="bad_address")
        if not parts.hostname or parts.username is not None or parts.query or parts.path not in ("", "/"):
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
        there, here = _parts(link), _parts(self.base_url)
        if there.netloc and (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise InvalidInput("The help desk's next page is on another host.", code="bad_address")
        return f"{there.path}?{there.query}" if there.query else there.path

    def _once(self, target: str) -> Answer:
        connection = self._connection()
        try:
            connection.request("GET", target, headers=self._headers())
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            _check_status(response.status, headers)
            return Answer(_value(_body(response)), headers)
        except TimeoutError as error:
            raise _Transient("it took too long") from error
        except ssl.SSLCertVerificationError as error:
            raise InvalidInput("The help desk's certificate is not valid.", code="bad_address") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Transient(f"the connection failed ({type(error).__name__})") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = _parts(self.base_url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return _Plain(host, parts.port or 80, self.allow_loopback)
        return _Secure(host, parts.port or 443, self.allow_loopback)

    def _headers(self) -> dict[str, str]:
        credentials = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        return {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Basic {credentials}",
            "User-Agent": "support-admin-import",
        }


class _Plain(http.client.HTTPConnection):
    """A connection to an address that was judged."""

    def __init__(self, host: str, port: int, allow_loopback: bool) -> None:
        super().__init__(host, port, timeout=READ_SECONDS)
        self._allow_loopback = allow_loopback

    def connect(self) -> None:
        self.sock = _connected(self.host, self.port, self._allow_loopback)


class _Secure(http.client.HTTPSConnection):
    """The same with TLS; the certificate is checked against the name, not the address."""

    def __init__(self, host: str, port: int, allow_loopback: bool) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=READ_SECONDS, context=self._tls)
        self._allow_loopback = allow_loopback

    def connect(self) -> None:
        raw = _connected(self.host, self.port, self._allow_loopback)
        try:
            self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


def _connected(host: str, port: int, allow_loopback: bool) -> socket.socket:
    """Connect to the first address of the host that answers; raises InvalidInput if any is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a name that no DNS can hold
        raise InvalidInput("The help desk's address is not valid.", code="bad_address") from error
    for *_, address in found:
        if not may_be_asked(str(address[0]), allow_loopback=allow_loopback):
            raise InvalidInput(
                "The help desk's address leads into a private network.", code="private_address"
            )
    problem: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
        else:
            connection.settimeout(READ_SECONDS)
            return connection
    raise problem


def may_be_asked(address: str, *, allow_loopback: bool = False) -> bool:
    """Tell whether an IP address is one of the public internet, or this machine where that is allowed."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped or found.sixtofour
        if found in EMBEDDED_IPV4:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is not None:
            return may_be_asked(str(inside), allow_loopback=allow_loopback)
    if found.is_loopback:
        return allow_loopback
    return found.is_global and not found.is_multicast and not found.is_reserved


def _parts(url: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError as error:
        raise InvalidInput("The help desk's address is not valid.", code="bad_address") from error
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_status(status: int, headers: Mapping[str, str]) -> None:
    if status in TRANSIENT:
        raise _Transient(f"it answered {status}", _retry_after(headers.get("retry-after", "")))
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


def _retry_after(value: str) -> float | None:
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


def _body(response: http.client.HTTPResponse) -> bytes:
    """Read the whole body within its limits of size and time; a cut-off one is worth another try."""
    deadline = time.monotonic() + BODY_SECONDS
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(65_536):
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise InvalidInput("The help desk's answer is larger than 50 MB.", code="bad_answer")
        if time.monotonic() > deadline:
            raise TimeoutError
        pieces.append(piece)
    expected = response.getheader("content-length") or ""
    if expected.isdigit() and size < int(expected):
        raise _Transient("its answer was cut off")
    return b"".join(pieces)


def _value(body: bytes) -> Any:
    """Decode leniently: each record is judged by itself later, so that one bad record spoils no page."""
    try:
        return json.loads(body, parse_int=_whole_number)
    except (ValueError, RecursionError) as error:  # also a body without a length that was cut off
        raise _Transient("its answer is not valid JSON") from error


def _whole_number(digits: str) -> int | float:
    """Numbers of thousands of digits become infinite, which the check of the record refuses."""
    return int(digits) if len(digits) <= INT64_DIGITS else float("inf")
