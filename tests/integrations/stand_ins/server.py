"""A server that fails as told: before the effect, after it, or on the way back.

``faults`` are taken in turn, one a request; without one the request is answered. ``requests`` logs what
arrived, ``answer(request)`` has the effect and returns the answer.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

# What goes wrong; with "after" in the name the effect has happened.
RESET_BEFORE, RESET_AFTER = "reset_before", "reset_after"
SILENT_BEFORE, SILENT_AFTER = "silent_before", "silent_after"
ERROR_BEFORE, ERROR_AFTER = "error_before", "error_after"
BUSY = "busy"  # 429 with Retry-After
DRIP_AFTER = "drip_after"
TRUNCATED_AFTER, GARBAGE_AFTER = "truncated_after", "garbage_after"
REDIRECT = "redirect"  # to a private address
FAULTS = (
    *(RESET_BEFORE, RESET_AFTER, SILENT_BEFORE, SILENT_AFTER, ERROR_BEFORE, ERROR_AFTER, BUSY),
    *(DRIP_AFTER, TRUNCATED_AFTER, GARBAGE_AFTER, REDIRECT),
)
PRIVATE = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


Answer = tuple[int, Any]


@dataclass
class StandIn:
    answer: Callable[[Request], Answer]
    url: str = ""
    faults: deque[str] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    retry_after: str = "0"
    slow_seconds: float = 3.0
    before_answer: Callable[[], None] = lambda: None

    @property
    def methods(self) -> set[str]:
        return {request.method for request in self.requests}


@contextmanager
def running(answer: Callable[[Request], Answer]) -> Iterator[StandIn]:
    """Serve on this machine for as long as the block runs."""
    stand_in = StandIn(answer)

    class Handler(_Handler):
        of = stand_in

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    of: StandIn

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self.of.requests.append(request)
        fault = self.of.faults.popleft() if self.of.faults else ""
        self.close_connection = True
        if fault == RESET_BEFORE:
            return self._reset()
        if fault == SILENT_BEFORE:
            return time.sleep(self.of.slow_seconds)
        if fault == ERROR_BEFORE:
            return self._send(500, b"{}")
        if fault == BUSY:
            return self._send(429, b"{}", {"Retry-After": self.of.retry_after})
        if fault == REDIRECT:
            return self._send(307, b"", {"Location": PRIVATE})
        status, value = self.of.answer(request)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.of.before_answer()
        return self._after(fault, status, body)

    def _after(self, fault: str, status: int, body: bytes) -> None:
        if fault == RESET_AFTER:
            return self._reset()
        if fault == SILENT_AFTER:
            return time.sleep(self.of.slow_seconds)
        if fault == ERROR_AFTER:
            return self._send(500, b"{}")
        if fault == TRUNCATED_AFTER:
            return self._send(status, body[: len(body) // 2], {"Content-Length": str(len(body))})
        if fault == GARBAGE_AFTER:
            return self._send(status, b"<html>")
        if fault == DRIP_AFTER:
            return self._drip(status, body)
        return self._send(status, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        named = {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(headers or {})
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, status: int, body: bytes) -> None:
        """Send a byte now and then: each wait is short, all of them together are too long."""
        pieces = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        until = time.monotonic() + self.of.slow_seconds
        for number in range(len(pieces)):
            if time.monotonic() > until:
                return
            try:
                self.wfile.write(pieces[number : number + 1])
            except OSError:
                return
            time.sleep(0.05)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.wfile = self.rfile = open("/dev/null", "r+b")  # noqa: SIM115 - closed by the base class

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
