"""Take turns to write, where the database has one writer.

SQLite lets one connection write at a time; the others sleep, longer each time (up to 100 ms), and the one
that wakes first wins. Threads of one process that queue for a lock of ours instead go one after the other at
once. Other databases write in parallel and need no turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_turn = threading.Lock()


@contextmanager
def write_transaction() -> Iterator[None]:
    """Run the block in a transaction, in turn where that is faster. For short writes on the request path."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with _turn, transaction.atomic():
        yield
