"""Keep a few programs running as one: start, restart with backoff, stop all, leave no orphan.

Each program is the leader of its own process group. Decides nothing about what the programs are.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from supportadmin import guard
from supportadmin.guard import signal_group

log = structlog.get_logger(__name__)

# Becomes the program when told to; ends when we are killed before the guard knows of it.
WAIT_FOR_GO = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
POLL_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0  # a program that ran for so long starts anew without a longer pause
NUDGE_SECONDS = 4.0  # after so long the whole group is asked to end, not only its leader
STOP_SECONDS = 8.0  # after so long it is killed


@dataclass(frozen=True, slots=True)
class Program:
    """What to run; ``environment`` is added to ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program with the process that runs it now."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.pause_seconds = 0.0
        self.started_at = 0.0
        self.due_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether the leader of the group runs."""
        return self.process is not None and self.process.poll() is None

    def start(self, announce: Callable[[int], None]) -> None:
        """Start the program in a process group of its own, once the group has been announced to the guard."""
        self.process = subprocess.Popen(  # noqa: S603 - the commands are ours
            [*WAIT_FOR_GO, *self.program.command],
            env={**os.environ, **self.program.environment},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.started_at = time.monotonic()
        announce(self.process.pid)
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):  # it has died already; the next look finds that
                self.process.stdin.write(b"go\n")
                self.process.stdin.close()

    def plan_restart(self) -> None:
        """Set when to start again: later each time it dies young."""
        now = time.monotonic()
        if now - self.started_at > SETTLED_SECONDS:
            self.pause_seconds = 0.0
        self.pause_seconds = min(max(FIRST_PAUSE_SECONDS, 2 * self.pause_seconds), LONGEST_PAUSE_SECONDS)
        self.due_at = now + self.pause_seconds


class Supervisor:
    """Runs programs until SIGTERM or SIGINT."""

    def __init__(self, programs: Sequence[Program], *, stop_seconds: float = STOP_SECONDS) -> None:
        self._children = [Child(program) for program in programs]
        self._stop_seconds = stop_seconds
        self._stopping = False
        self._guard: subprocess.Popen[bytes] | None = None

    def run(self, on_tick: Callable[[], None] = lambda: None) -> None:
        """Run until told to stop; ``on_tick`` is called several times a second."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        try:
            while not self._stopping:
                self._keep_guard()
                for child in self._children:
                    self._keep(child)
                on_tick()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop_all()

    def _request_stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _keep(self, child: Child) -> None:
        if child.alive:
            return
        if child.process is not None:
            log.warning("program_ended", program=child.program.name, status=child.process.returncode)
            self._forget(child.process.pid)
            child.process = None
            child.plan_restart()
        if time.monotonic() >= child.due_at:
            child.start(announce=lambda group: self._tell_guard(f"+{group}\n"))
            log.info("program_started", program=child.program.name)

    def _forget(self, group: int) -> None:
        signal_group(group, signal.SIGKILL)  # what the leader left behind, such as its pool
        self._tell_guard(f"-{group}\n")

    def _keep_guard(self) -> None:
        if self._guard is not None and self._guard.poll() is None:
            return
        self._guard = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-S", guard.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        for child in self._children:
            if child.process is not None:
                self._tell_guard(f"+{child.process.pid}\n")

    def _tell_guard(self, line: str) -> None:
        if self._guard is None or self._guard.stdin is None:
            return
        try:
            self._guard.stdin.write(line.encode())
            self._guard.stdin.flush()
        except BrokenPipeError:
            log.warning("guard_gone")  # _keep_guard starts the next one and tells it everything

    def _stop_all(self) -> None:
        """End every group: ask the leaders, then their groups, then kill."""
        began = time.monotonic()
        for child in self._children:
            if child.process is not None and child.alive:
                child.process.send_signal(signal.SIGTERM)
        nudged = False
        while any(child.alive for child in self._children):
            waited = time.monotonic() - began
            if waited > self._stop_seconds:
                break
            if waited > min(NUDGE_SECONDS, self._stop_seconds) and not nudged:
                self._signal_all(signal.SIGTERM)
                nudged = True
            time.sleep(0.05)
        self._signal_all(signal.SIGKILL)
        for child in self._children:
            if child.process is not None:
                child.process.wait()
                self._tell_guard(f"-{child.process.pid}\n")
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()

    def _signal_all(self, number: int) -> None:
        for child in self._children:
            if child.process is not None:
                signal_group(child.process.pid, number)
