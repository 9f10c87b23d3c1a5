"""End a supervisor's children when the supervisor itself was killed. A program that supervisor.py starts.

Reads one process group a line from standard input, ``+123`` for started and ``-123`` for ended. The pipe
closes when the supervisor is gone, however it went; then every group that is left gets SIGTERM, and SIGKILL
after a pause. Uses nothing but the standard library, so that it starts at once and stays small.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False when the group is gone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_groups(groups: set[int], grace_seconds: float = GRACE_SECONDS) -> None:
    """End the groups: SIGTERM, then SIGKILL for what is left after ``grace_seconds``."""
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def main() -> None:
    """Follow the supervisor's list until its pipe closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups)


if __name__ == "__main__":
    main()
