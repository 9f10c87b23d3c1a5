"""The database's own guard of the activity log: UPDATE and DELETE are refused whoever sends them.

The one door is ``lifted()``, which erasure of personal data uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from core.append_only import AppendOnly
from core.models import Activity

GUARD = AppendOnly("core_activity", "The activity log is append-only.")
install, remove = GUARD.install, GUARD.remove


@contextmanager
def lifted() -> Iterator[None]:
    """Take the guard down for one transaction, in which nobody else can write the log."""
    with transaction.atomic():
        remove(connection)
        yield
        install(connection)


def erase(rows: Any) -> int:
    """Blank what the given rows (a queryset of Activity) say about their target; return how many."""
    with lifted():
        return Activity._base_manager.filter(pk__in=rows.order_by().values("pk")).update(
            target_label="(erased)", before={}, after={}
        )
