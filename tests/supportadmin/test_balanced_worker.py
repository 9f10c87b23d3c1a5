"""Connections that stay open are spread over the web processes."""

from __future__ import annotations

import http.client
import subprocess
import sys
from pathlib import Path

import pytest

from supportadmin.balanced_worker import FREE, ConnectionCounts
from tests.supportadmin.test_serve import free_port

ROOT = Path(__file__).resolve().parents[2]
APP = """
import os

from supportadmin.balanced_worker import BalancedThreadWorker


class PatientWorker(BalancedThreadWorker):
    patience_seconds = 2  # the machine that runs the tests may be busy


def application(environ, start_response):
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


def test_the_least_loaded_other_process_counts() -> None:
    counts = ConnectionCounts()
    assert counts.least(but=1) is None
    counts.put(1, 5)
    assert counts.least(but=1) is None
    counts.put(2, 3)
    counts.put(3, 7)
    assert [counts.least(but=slot) for slot in (1, 2, 3)] == [3, 5, 3]
    counts.put(2, FREE)
    assert counts.least(but=1) == 7


@pytest.mark.row("7.8")
def test_eight_kept_alive_connections_are_four_in_each_of_two_processes(tmp_path: Path) -> None:
    (tmp_path / "pid_app.py").write_text(APP)
    port = free_port()
    worker = "pid_app.PatientWorker"
    options = f"-k {worker} -w 2 --threads 2 --keep-alive 60 -b 127.0.0.1:{port} --no-control-socket"
    command = [sys.executable, "-m", "gunicorn", *options.split(), "--pythonpath", str(tmp_path), "pid_app"]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        booted = 0
        while booted < 2:
            line = server.stderr.readline()
            assert line, "gunicorn ended"
            booted += "Booting worker" in line
        first, second = _client(port), _client(port)
        pids = [_answer(first)]
        while (other := _answer(second)) in pids:  # the other process is not up yet
            second.close()
        clients = [_client(port) for _ in range(6)]
        pids += [other, *(_answer(client) for client in clients)]
        assert sorted(pids.count(pid) for pid in set(pids)) == [4, 4]
    finally:
        server.terminate()
        server.wait(20)


def _client(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=20)


def _answer(client: http.client.HTTPConnection) -> bytes:
    client.request("GET", "/")
    return client.getresponse().read()
