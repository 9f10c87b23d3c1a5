"""The beginning of a process that another one of ours has started: Django is ready, and no orphan stays.

Imports no app of ours: it is loaded before Django is set up.
"""

from __future__ import annotations

import os
import threading
from multiprocessing import connection, parent_process

import django


def begin() -> None:
    """Set Django up, and end this process when the one that started it is gone, however it went."""
    django.setup()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
