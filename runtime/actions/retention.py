"""Delete customers' words from the ledger: all of them after a time, one customer's on request.

The row stays with its key, state and times, so that the same key can still have no second effect.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from runtime import workflow
from runtime.models import ActionLedger

NOTHING: dict[str, Any] = {"arguments": {}, "payload": {}, "data": {}, "message": "", "note": ""}


def ledger_forget() -> int:
    """Blank rows older than ACTION_LEDGER_DAYS, unknown ones too; return how many. Idempotent."""
    before = timezone.now() - timedelta(days=settings.ACTION_LEDGER_DAYS)
    return _blank(
        ActionLedger.objects.filter(created_at__lt=before).exclude(state__in=workflow.OPEN_ACTION_CALL)
    )


def ledger_erase(*, conversation_ids: Collection[UUID]) -> int:
    """Blank the rows of these conversations, whatever their age; return how many."""
    return _blank(ActionLedger.objects.filter(conversation_id__in=conversation_ids))


def _blank(rows: QuerySet[ActionLedger]) -> int:
    kept = rows.filter(forgotten_at=None)
    return kept.update(**NOTHING, look_at=None, forgotten_at=timezone.now())
