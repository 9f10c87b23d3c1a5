"""The supervisor with small programs: restarts, stops, orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supportadmin.supervisor import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Child, Program

STUBBORN = "trap '' TERM; while true; do sleep 1; done"
SCRIPT = """
import sys
from supportadmin.supervisor import Program, Supervisor
commands = sys.argv[2:]
Supervisor(
    [Program(str(n), ["bash", "-c", f"echo $$ >> {sys.argv[1]}/{n}; {c}"]) for n, c in enumerate(commands)],
    stop_seconds=2,
).run()
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor of shell commands; each writes its pid to a file named by its place."""
    started = []

    def supervise(*commands: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path), *commands])
        started.append(process)
        for place in range(len(commands)):
            pids(tmp_path, place, 1)
        return process

    yield supervise
    for process in started:
        process.kill()
        process.wait()


def pids(folder: Path, place: int, count: int) -> list[int]:
    """Wait until the command has started ``count`` times; return its pids."""
    return eventually(
        lambda: (found := [int(line) for line in _read(folder / str(place)).split()])[count - 1 :] and found
    )


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def eventually(look: Callable[[], object], seconds: float = 15.0) -> object:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("It did not happen in time.")


def group_is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.row("R38")
def test_a_killed_program_is_started_again_and_the_others_are_left_alone(
    start: Start, tmp_path: Path
) -> None:
    start("exec sleep 600", "exec sleep 600")
    first = pids(tmp_path, 0, 1)[0]
    os.kill(first, signal.SIGKILL)
    assert pids(tmp_path, 0, 2)[1] != first
    assert len(pids(tmp_path, 1, 1)) == 1


@pytest.mark.row("R38")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everything_even_what_ignores_it(start: Start, tmp_path: Path, number: int) -> None:
    supervisor = start("sleep 600 & wait", STUBBORN)
    groups = [pids(tmp_path, place, 1)[0] for place in (0, 1)]
    began = time.monotonic()
    supervisor.send_signal(number)
    assert supervisor.wait(10) == 0
    assert 1.9 < time.monotonic() - began < 15
    for group in groups:
        eventually(lambda group=group: group_is_empty(group), 5)


@pytest.mark.row("R38")
def test_a_killed_supervisor_leaves_no_orphan(start: Start, tmp_path: Path) -> None:
    supervisor = start("sleep 600 & wait", STUBBORN)
    groups = [pids(tmp_path, place, 1)[0] for place in (0, 1)]
    supervisor.kill()
    for group in groups:
        eventually(lambda group=group: group_is_empty(group))


def test_a_program_that_keeps_dying_is_started_less_and_less_often() -> None:
    child = Child(Program("x", ["true"]))
    child.started_at = time.monotonic()
    pauses = []
    for _ in range(9):
        child.plan_restart()
        pauses.append(child.pause_seconds)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


def test_a_program_that_ran_well_is_started_again_soon() -> None:
    child = Child(Program("x", ["true"]))
    child.pause_seconds = LONGEST_PAUSE_SECONDS
    child.started_at = time.monotonic() - 61
    child.plan_restart()
    assert child.pause_seconds == FIRST_PAUSE_SECONDS
