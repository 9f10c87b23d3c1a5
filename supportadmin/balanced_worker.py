"""A gunicorn thread worker that leaves a new connection to a process that has fewer.

The processes share one listening socket, and whichever wakes first takes a connection, so that clients who
keep theirs open can all end up in one process while the others idle. Each process writes how many it holds
into memory that all share; one that holds more than another waits for a moment, and takes the connection
all the same where nobody else did. Decides nothing about requests.
"""

from __future__ import annotations

import mmap
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

SLOTS = 256
SLOT = struct.Struct("i")
FREE = -1
PAUSE_SECONDS = 0.0005


class ConnectionCounts:
    """How many connections each process holds; made before the fork, shared by all processes after it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * SLOT.size)
        for slot in range(SLOTS):
            self.put(slot, FREE)

    def put(self, slot: int, count: int) -> None:
        """Note the count of a process; FREE when it is gone."""
        SLOT.pack_into(self._memory, slot % SLOTS * SLOT.size, count)

    def least(self, *, but: int) -> int | None:
        """Return the lowest count among the processes other than ``but``; None when there is no other."""
        counts = [
            count for slot, (count,) in enumerate(SLOT.iter_unpack(self._memory)) if slot != but % SLOTS
        ]
        return min((count for count in counts if count != FREE), default=None)


counts = ConnectionCounts()


class BalancedThreadWorker(ThreadWorker):
    """gthread, with connections spread evenly over the processes."""

    patience_seconds = 0.004  # per connection; a process that is alive and idle takes it well within that

    def accept(self, listener: Any) -> None:
        """Take a connection, unless a process that holds fewer takes it first."""
        counts.put(self.age, self.nr_conns)
        until = time.monotonic() + self.patience_seconds
        while (least := counts.least(but=self.age)) is not None and least < self.nr_conns:
            if time.monotonic() > until:
                break
            time.sleep(PAUSE_SECONDS)
        super().accept(listener)
        counts.put(self.age, self.nr_conns)

    def notify(self) -> None:
        """Note how many connections are left, once a turn of the loop."""
        super().notify()
        counts.put(self.age, self.nr_conns)
