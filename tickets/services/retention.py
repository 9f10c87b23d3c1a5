"""Forgetting raw texts in time: cleaned texts stay, what came in word for word goes."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from tickets.models import RawText

FORGET_ROWS = 1_000  # a transaction deletes so many: short enough that others hardly wait


def raw_texts_forget(*, today: date | None = None) -> int:
    """Delete the raw texts whose ``delete_after`` has passed; return how many. May be stopped anywhere."""
    overdue = RawText.objects.overdue(today or timezone.localdate()).order_by("delete_after", "pk")
    forgotten = 0
    while ids := list(overdue.values_list("pk", flat=True)[:FORGET_ROWS]):
        with transaction.atomic():
            forgotten += RawText.objects.filter(pk__in=ids).delete()[0]
    return forgotten
