"""`manage.py serve` for real: on a free port, with a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.supportadmin.test_supervisor import eventually, group_is_empty

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_SECONDS = 15


@dataclass
class Server:
    """A running `serve`."""

    process: subprocess.Popen[str]
    port: int

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        """Return status and JSON body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def groups(self) -> dict[str, int]:
        """Return the process group of each program, by name."""
        names = {"gunicorn": "web", " worker ": "worker", " beat ": "beat"}
        found = {}
        for line in _ps(f"--ppid {self.process.pid} -o pid=,args="):
            pid, _, command = line.strip().partition(" ")
            found.update({name: int(pid) for mark, name in names.items() if mark in command})
        return found

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Signal it, wait for its end, return how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - began


def _ps(options: str) -> list[str]:
    """Return what `ps` lists; ``-ww`` keeps it from cutting lines at 80 columns."""
    return subprocess.run(
        ["ps", "-ww", *options.split()], capture_output=True, text=True, check=False
    ).stdout.splitlines()


def environment(data_dir: Path, port: int) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL", "DEBUG")}
    clean["DJANGO_SETTINGS_MODULE"] = "supportadmin.settings"
    return {**clean, "DATA_DIR": str(data_dir), "PORT": str(port), "LOG_LEVEL": "WARNING"}


def manage(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=240
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    env = environment(tmp_path, port)
    assert manage(env, "migrate", "--verbosity=0").returncode == 0
    process = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=env, text=True)
    running = Server(process, port)
    try:
        eventually(lambda: running.get("/healthz")[0] == 200 or process.poll(), 120)
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def test_unapplied_migrations_are_refused_with_the_command_to_run(tmp_path: Path) -> None:
    refused = manage(environment(tmp_path, free_port()), "serve")
    assert refused.returncode == 2
    assert "migrations are not applied; run `python manage.py migrate` first" in refused.stderr


@pytest.mark.row("R38", "8.9")
@pytest.mark.timeout(400)
def test_killed_programs_come_back_and_a_stop_leaves_nothing(server: Server) -> None:
    eventually(lambda: server.get("/readyz")[0] == 200, 120)
    before = eventually(lambda: len(found := server.groups()) == 3 and found, 60)
    for group in before.values():
        os.killpg(group, signal.SIGKILL)
    eventually(lambda: set(server.groups()) == {"web", "worker", "beat"}, 30)
    eventually(lambda: server.get("/healthz")[0] == 200, 120)
    after = server.groups()
    assert not set(after.values()) & set(before.values())
    assert server.stop(signal.SIGINT) < STOP_SECONDS
    for group in after.values():
        eventually(lambda group=group: group_is_empty(group), 5)


@pytest.mark.row("R38")
@pytest.mark.timeout(400)
def test_a_killed_serve_takes_its_programs_with_it(server: Server) -> None:
    groups = eventually(lambda: len(found := server.groups()) == 3 and found, 60)
    server.process.kill()
    server.process.wait(10)
    for group in groups.values():
        eventually(lambda group=group: group_is_empty(group), STOP_SECONDS)
    assert server.get("/healthz") == (0, {})


@pytest.mark.soak
@pytest.mark.row("R25", "R38")
@pytest.mark.timeout(1800)
def test_fifty_kills_at_random_moments_never_leave_it_down(server: Server) -> None:
    for turn in range(50):
        groups = eventually(lambda: len(found := server.groups()) == 3 and found, 60)
        os.killpg(list(groups.values())[turn % 3], signal.SIGKILL)  # type: ignore[attr-defined]
        time.sleep((turn * 37 % 50) / 20)
    eventually(lambda: server.get("/healthz")[0] == 200, 90)
    eventually(lambda: server.get("/readyz")[0] == 200, 90)
    assert server.stop() < STOP_SECONDS
