"""Imports from a help desk's API: begun, gone on with from the kept cursor, and applied chunk by chunk.

The cursor is stored with the rows that it stands behind, in one transaction: a pull that is killed anywhere
asks for its last page again, and what of it is stored already counts as unchanged. Does not know how a help
desk is asked (integrations) nor with whose credentials (tickets.help_desks).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Protocol

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import DomainError, InvalidInput
from core.permissions import require
from core.transitions import move
from integrations.contracts import SourceRow
from tickets import workflow
from tickets.models import ImportBatch
from tickets.services.applying import Progress, batch_fail, begin, finish
from tickets.services.batches import RESUMABLE_FOR
from tickets.services.masking import Masking
from tickets.services.writing import Superseded, chunk_prepare, chunk_store

CHUNK_ROWS = 50  # each takes requests of its own: small enough that progress is seen to move


class Pull(Protocol):
    """A help desk's tickets since a cursor; ``cursor`` moves on once all rows before it were taken."""

    cursor: str

    def rows(self) -> Iterator[SourceRow]:
        """Yield each ticket; raises InvalidInput (refused) or Unavailable (go on later)."""
        ...


@transaction.atomic
def pull_create(
    *, actor: Actor, source: str, address: str, window_days: int = workflow.DEFAULT_WINDOW_DAYS
) -> ImportBatch:
    """Write an import of what changed at ``address`` within the window that ends now; ask nothing yet."""
    require(actor, "tickets.add_importbatch")
    if not 1 <= window_days <= workflow.MAX_WINDOW_DAYS:
        raise InvalidInput(f"The window must be 1 to {workflow.MAX_WINDOW_DAYS} days.", code="bad_window")
    end = timezone.now()
    batch = ImportBatch.objects.create(
        source=source,
        file_name=address.partition("://")[2][:200],
        address=address[:200],
        window_days=window_days,
        window_start=end - timedelta(days=window_days),
        window_end=end,
        state=workflow.QUEUED,
        created_by_id=actor.user_id,
    )
    said = {"source": source, "address": address[:200], "window_days": window_days}
    activity.record(actor, "import.created", batch, after=said)
    return batch


@transaction.atomic
def pull_take_up(*, actor: Actor, source: str, address: str, window_days: int) -> ImportBatch | None:
    """Return the pull of the same help desk that was begun today and can go on, ready to do so."""
    found = (
        ImportBatch.objects.unfinished()
        .filter(
            source=source,
            address=address,
            window_days=window_days,
            created_at__gte=timezone.now() - RESUMABLE_FOR,
        )
        .order_by("-pk")
        .first()
    )
    if found is not None and found.state in (workflow.STOPPED, workflow.FAILED):
        before = found.state
        move(found, to=workflow.QUEUED, allowed=workflow.BATCH_STEPS, error="", finished_at=None)
        activity.record(actor, "import.resumed", found, before={"state": before})
    return found


def pull_apply(
    *,
    actor: Actor,
    batch: ImportBatch,
    pull: Pull,
    progress: Progress | None = None,
    seconds: float = float("inf"),
) -> ImportBatch:
    """Import what the help desk gives from the batch's cursor on; return the batch as it stands then.

    After about ``seconds`` it stays running, to be gone on with, but never before its cursor has moved: a
    page is asked for as a whole. A help desk that refuses or is away fails the batch, which keeps its cursor.
    """
    if batch.state in (workflow.DONE, workflow.STOPPED):
        return batch
    begin(actor, batch)
    until, began_at = time.monotonic() + seconds, batch.cursor
    rows = pull.rows()
    try:
        with Masking() as masking:
            while part := list(islice(rows, CHUNK_ROWS)):
                chunk_store(batch, chunk_prepare(batch, part, masking, cursor=pull.cursor), masking)
                if progress:
                    progress(batch.rows_in, 0, f"{batch.rows_in} tickets")
                if time.monotonic() > until and batch.cursor != began_at:
                    return batch
    except Superseded:
        batch.refresh_from_db()
        return batch
    except DomainError as refusal:
        batch_fail(actor=actor, batch=batch, refusal=refusal)
        raise
    finish(actor, batch)
    return batch
