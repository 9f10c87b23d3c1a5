"""The load benchmark reads answers rightly: statuses, lengths, hang-ups."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from supportadmin.benchmarks import load
from supportadmin.benchmarks.http_client import Client


def test_the_four_endpoints_are_timed_without_errors(served: dict[str, Any]) -> None:
    result = load.run(
        served["url"], served["api_key"], texts=["Where is my invoice?"], seconds=0.5, clients=2
    )
    assert list(result["endpoints"]) == ["ping", "classify", "search", "turns"]
    assert [figures["errors"] for figures in result["endpoints"].values()] == [{}, {}, {}, {}]
    assert all(figures["requests"] > 0 for figures in result["endpoints"].values())
    assert result["endpoints"]["ping"]["p50_to_floor"] == 1.0


def test_a_refused_key_is_counted_as_an_error_by_its_status(served: dict[str, Any]) -> None:
    client = Client(served["url"], "sak_00000000_wrong")
    assert [client.send("/api/v1/ping", None) for _ in range(2)] == [401, 401]
    client.close()


def test_an_answer_that_comes_in_pieces_is_read_whole_and_a_hang_up_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_in_pieces, args=(server,))
        thread.start()
        client = Client(f"http://127.0.0.1:{server.getsockname()[1]}", "k")
        assert client.send("/x", b"{}") == 201
        with pytest.raises(ConnectionResetError):
            client.send("/x", b"{}")
        client.close()
        thread.join(5)


def _answer_in_pieces(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        for part in (b"HTTP/1.1 201 Cre", b"ated\r\nContent-", b"Length: 6\r\n\r\nab", b"cd", b"ef"):
            connection.sendall(part)
        connection.recv(4096)
