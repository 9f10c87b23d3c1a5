"""One kept-alive connection that costs little: a load test shares its processor with what it measures.

Speaks just the HTTP/1.1 that our own server answers with (a length, no chunks), and reads nothing but status
and length; http.client takes three times as long for a message. Not for anything else.
"""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Client:
    """Send requests with an API key, one after the other."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._secure else 80)
        self._fixed = (
            f"Host: {parts.netloc}\r\nAuthorization: Api-Key {key}\r\nContent-Type: application/json\r\n"
        )
        self._socket: socket.socket | None = None

    def send(self, path: str, body: bytes | None) -> int:
        """POST ``body``, or GET where there is none; return the status. Raises OSError and ValueError."""
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\n{self._fixed}"
        if body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        connection = self._socket or self._connect()
        connection.sendall(f"{head}\r\n".encode() + (body or b""))
        received = b""
        while HEAD_END not in received:
            received += self._receive(connection)
        head_lines, _, content = received.partition(HEAD_END)
        length = next(
            int(line[len(LENGTH) :]) for line in head_lines.lower().split(b"\r\n") if line.startswith(LENGTH)
        )
        missing = length - len(content)
        while missing > 0:
            missing -= len(self._receive(connection))
        return int(head_lines[9:12])

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        plain = socket.create_connection((self._host, self._port), timeout=TIMEOUT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.create_default_context() if self._secure else None
        self._socket = context.wrap_socket(plain, server_hostname=self._host) if context else plain
        return self._socket

    @staticmethod
    def _receive(connection: socket.socket) -> bytes:
        part = connection.recv(65536)
        if not part:
            raise ConnectionResetError("The server hung up.")
        return part
