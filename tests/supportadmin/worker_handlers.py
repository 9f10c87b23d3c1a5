"""Handlers that a real worker runs in test_worker.py; each leaves its name in the folder it is given."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from core import jobs


def _leave(folder: str, name: str) -> None:
    with (Path(folder) / name).open("a") as stream:
        stream.write("x")


@jobs.handler("tests.quick")
def quick(*, progress: jobs.Progress, folder: str, n: int) -> dict[str, int]:
    _leave(folder, f"quick{n}")
    return {"n": n}


@jobs.handler("tests.slow_first")
def slow_first(*, progress: jobs.Progress, folder: str) -> None:
    """Take an hour the first time, no time the second."""
    first = not (Path(folder) / "slow").exists()
    _leave(folder, "slow")
    if first:
        time.sleep(3600)


@jobs.handler("tests.poison")
def poison(*, progress: jobs.Progress, folder: str) -> None:
    """Kill the process that works on it."""
    _leave(folder, "poison")
    os.kill(os.getpid(), signal.SIGKILL)
