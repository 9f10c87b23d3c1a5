"""One HTTP exchange with an address that somebody typed: no private network, no redirect, no endless wait.

The standard library's http.client, because the address that a name resolves to must be judged on the very
socket that is used. Every wait (name, connection, TLS, sending, each piece of the answer) is cut to what is
left of one deadline, so that a server which trickles cannot hold a worker. Environment proxies are not used.
Knows no system, tries nothing twice, and says whether a failure came before anything was sent: see NotSent
and Unclear. Headers, which hold credentials, are in no message, repr or log.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from core.errors import InvalidInput

EMBEDDED_IPV4 = ipaddress.ip_network("64:ff9b::/96")  # NAT64
DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata service, on a public address
        "::/96",  # IPv4-compatible, long deprecated
        "fec0::/10",  # site-local, the private network of old
    )
)
PIECE_BYTES = 65_536


class NotSent(Exception):
    """The exchange failed before a byte of the request left: it cannot have had an effect."""


class Unclear(Exception):
    """The exchange failed after the request had begun to leave: nobody knows what it did."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, seconds between two pieces, seconds for all of it, and the largest answer."""

    connect_seconds: float = 3
    read_seconds: float = 10
    total_seconds: float = 10
    max_body_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent. ``target`` is path and query; header names are as they go out."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back, whole; header names in small letters. ``complete`` is False where it was cut off."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go: scheme, host and port, judged once when typed and again on each socket.

    ``name`` is what messages call it ("The help desk"). Plain HTTP only to this machine, where allowed.
    """

    scheme: str
    host: str
    port: int
    allow_loopback: bool = False
    name: str = "The other system"

    @classmethod
    def of(cls, url: str, *, allow_loopback: bool = False, name: str = "The other system") -> Origin:
        """Return the origin of an address; raises InvalidInput for one that may not be asked."""
        parts = split_url(url, name=name)
        plain_here = parts.scheme == "http" and allow_loopback and is_loopback(parts.hostname or "")
        if parts.scheme != "https" and not plain_here:
            raise InvalidInput(f"{name}'s address must begin with https://.", code="bad_address")
        host = parts.hostname or ""
        if not host or parts.username is not None or parts.password is not None:
            raise InvalidInput(f"{name}'s address must hold a host, and no password.", code="bad_address")
        if _is_address(host) and not may_be_asked(host, allow_loopback=allow_loopback):
            raise private_address(name)
        return cls(
            parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80), allow_loopback, name
        )


def exchange(origin: Origin, request: HttpRequest, limits: Limits) -> HttpAnswer:
    """Send the request once and return the answer, whatever its status.

    Raises NotSent or Unclear, or InvalidInput where the address leads into a private network, the certificate
    is not valid or the answer is too large (all but the last before anything was sent).
    """
    deadline = time.monotonic() + limits.total_seconds
    connection = _connected(origin, limits, deadline)
    try:
        answer = _exchanged(origin, connection, request, limits)
    except TimeoutError as error:
        raise Unclear("it took too long") from error
    except (OSError, http.client.HTTPException) as error:
        raise Unclear(f"the connection failed ({type(error).__name__})") from error
    finally:
        connection.close()
    return answer


def _exchanged(
    origin: Origin, connection: http.client.HTTPConnection, request: HttpRequest, limits: Limits
) -> HttpAnswer:
    connection.request(request.method, request.target, body=request.body or None, headers=request.headers)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(PIECE_BYTES):
        size += len(piece)
        if size > limits.max_body_bytes:
            megabytes = limits.max_body_bytes // 1_000_000
            raise InvalidInput(
                f"{origin.name}'s answer is larger than {megabytes or 1} MB.", code="answer_too_large"
            )
        pieces.append(piece)
    expected = headers.get("content-length", "")
    complete = not (expected.isdigit() and size < int(expected))
    return HttpAnswer(response.status, headers, b"".join(pieces), complete)


def _connected(origin: Origin, limits: Limits, deadline: float) -> http.client.HTTPConnection:
    """Return a connection whose socket is open, judged and knows the deadline."""
    try:
        raw = _socket(origin, limits, deadline)
        connection: http.client.HTTPConnection
        if origin.scheme == "http":
            connection = http.client.HTTPConnection(origin.host, origin.port)
            connection.sock = raw
        else:
            connection = http.client.HTTPSConnection(origin.host, origin.port)
            connection.sock = _with_tls(raw, origin, limits, deadline)
    except ssl.SSLCertVerificationError as error:
        raise InvalidInput(f"{origin.name}'s certificate is not valid.", code="bad_certificate") from error
    except TimeoutError as error:
        raise NotSent("it took too long to connect") from error
    except OSError as error:
        raise NotSent(f"the connection failed ({type(error).__name__})") from error
    connection.auto_open = 0  # never a second socket, which nobody would have judged
    return connection


class _Timed:
    """A socket each of whose waits ends at the deadline, however little arrives at a time."""

    deadline: float
    read_seconds: float

    def _cut(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(min(left, self.read_seconds))  # type: ignore[attr-defined]


class _TimedSocket(_Timed, socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._cut()
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._cut()
        super().sendall(*args, **kwargs)


class _TimedTlsSocket(_Timed, ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._cut()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._cut()
        return super().send(*args, **kwargs)


def _with_tls(raw: _TimedSocket, origin: Origin, limits: Limits, deadline: float) -> ssl.SSLSocket:
    """Return the socket with TLS; the certificate is checked against the name, not the address."""
    context = ssl.create_default_context()
    context.sslsocket_class = _TimedTlsSocket
    try:
        raw._cut()  # the handshake's time
        secure = context.wrap_socket(raw, server_hostname=origin.host, do_handshake_on_connect=False)
        secure.deadline, secure.read_seconds = deadline, limits.read_seconds  # type: ignore[attr-defined]
        secure.do_handshake()
    except BaseException:
        raw.close()
        raise
    return secure


def _socket(origin: Origin, limits: Limits, deadline: float) -> _TimedSocket:
    """Connect to the first address of the host that answers; raises InvalidInput if any is not public."""
    until = min(deadline, time.monotonic() + limits.connect_seconds)
    found = _resolved(origin, until)
    for *_, address in found:
        if not may_be_asked(str(address[0]), allow_loopback=origin.allow_loopback):
            raise private_address(origin.name)
    problem: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection = _TimedSocket(family, kind, protocol)
        connection.deadline, connection.read_seconds = deadline, limits.read_seconds
        connection.settimeout(left)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem


def _resolved(origin: Origin, until: float) -> list[Any]:
    """Look the name up, in a thread of its own: the system's resolver knows no deadline."""
    found: list[Any] = []
    problems: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            problems.append(error)

    if _is_address(origin.host):
        look_up()
    else:
        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            raise TimeoutError
    if problems:
        if isinstance(problems[0], UnicodeError):  # a name that no DNS can hold
            raise InvalidInput(f"{origin.name}'s address is not valid.", code="bad_address") from problems[0]
        raise problems[0]
    return found


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
    if any(found in network for network in DENIED):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def private_address(name: str) -> InvalidInput:
    """Return the refusal of an address in a private network."""
    return InvalidInput(f"{name}'s address leads into a private network.", code="private_address")


def split_url(url: str, *, name: str = "The other system") -> SplitResult:
    """Return the parts of an address; raises InvalidInput where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError as error:
        raise InvalidInput(f"{name}'s address is not valid.", code="bad_address") from error
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether a host as typed is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
