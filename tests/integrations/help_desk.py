"""A help desk's API on this machine: answers in turn with what a test has laid ready for a path."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0  # bytes that are promised and not sent
    with_length: bool = True


@dataclass
class HelpDesk:
    """``replies`` by path without query; the last one of a path is given again and again."""

    url: str = ""
    replies: dict[str, deque[Reply]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)

    def reply(self, path: str, *replies: Reply) -> None:
        self.replies[path].extend(replies)

    def take(self, target: str) -> Reply:
        self.asked.append(target)
        waiting = self.replies[target.partition("?")[0]]
        if not waiting:
            return Reply({"error": "not found"}, status=404)
        return waiting.popleft() if len(waiting) > 1 else waiting[0]


@contextmanager
def running() -> Iterator[HelpDesk]:
    desk = HelpDesk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            desk.authorizations.append(self.headers.get("Authorization"))
            reply = desk.take(self.path)
            body = reply.value if isinstance(reply.value, bytes) else json.dumps(reply.value).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.with_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) - reply.cut])
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    desk.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
