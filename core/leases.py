"""Leases on rows of a queue: no two people hold the same row, and who goes away loses it by the clock.

For models with ``claimed_by`` and ``claimed_until``. A claim is one UPDATE that only takes what is free.
Decides neither who may ask nor which rows wait.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.writing import write_transaction


def free_for(person_id: int, now: datetime) -> Q:
    """Return the condition that nobody else holds a row."""
    return Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_by=None) | Q(claimed_by=person_id)


def rows_lease(
    waiting: QuerySet[Any],
    offered: QuerySet[Any],
    *,
    person_id: int,
    held: Collection[int],
    want: int,
    seconds: int,
    order: Sequence[str],
) -> QuerySet[Any]:
    """Claim up to ``want`` more of the ``offered`` rows and renew the claims on those ``held``.

    ``waiting`` are all rows that may be claimed at all. Returns the newly claimed rows in ``order``.
    """
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    with write_transaction():
        waiting.filter(pk__in=held, claimed_by=person_id).update(claimed_until=until)
        free = offered.filter(free_for(person_id, now)).exclude(pk__in=held).order_by(*order)
        # where rows can be locked, those that somebody is about to take are passed over at once
        locked = free.select_for_update(
            of=("self",) if connection.features.has_select_for_update_of else (),
            skip_locked=connection.features.has_select_for_update_skip_locked,
        )
        wanted = list(locked.values_list("pk", flat=True)[:want])
        still_free = waiting.filter(free_for(person_id, now), pk__in=wanted)
        still_free.update(claimed_by=person_id, claimed_until=until)
    mine = waiting.model._base_manager.filter(pk__in=wanted, claimed_by=person_id, claimed_until=until)
    return mine.order_by(*order)


def rows_release(waiting: QuerySet[Any], *, person_id: int, held: Collection[int]) -> int:
    """Give back what the person holds; return how many rows."""
    mine = waiting.filter(pk__in=held, claimed_by=person_id)
    return mine.update(claimed_by=None, claimed_until=None)


def is_held_by_other(row: Any, person_id: int) -> bool:
    """Tell whether somebody else is at the row now."""
    is_held = row.claimed_until is not None and row.claimed_until > timezone.now()
    return is_held and row.claimed_by_id not in (None, person_id)
