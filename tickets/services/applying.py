"""An import at work: the rows of a source, chunk by chunk, from where the batch stands to its end.

Each chunk is one short transaction (tickets.services.writing), so a worker that is killed anywhere loses
nothing and repeats nothing. Idempotent by the batch's position and by the content of each ticket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice

from django.db import transaction
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import DomainError
from core.transitions import move
from integrations.contracts import SourceRow, TicketSource
from tickets import workflow
from tickets.import_plan import closed_at
from tickets.models import ImportBatch
from tickets.services.masking import Masking
from tickets.services.renewing import TASK as RENEW_TASK
from tickets.services.writing import Chunk, Superseded, chunk_prepare, chunk_store
from tickets.uploads import upload_delete

Progress = Callable[[int, int, str], None]


def batch_apply(
    *,
    actor: Actor,
    batch: ImportBatch,
    source: TicketSource,
    progress: Progress | None = None,
    seconds: float = float("inf"),
    processes: int = 0,
) -> ImportBatch:
    """Import the rows of ``source`` that the batch has not seen yet; return it as it stands then.

    Counts the rows first, where that takes a pass over them, so that a source that cannot be read as a whole
    is refused with nothing stored (DomainError; the batch has failed). A batch that is done or stopped stays
    as it is. After about ``seconds`` it stays running, to be gone on with. ``source`` is read from its
    beginning. With ``processes``, so many others mask texts while this one reads and writes.
    """
    if batch.state in (workflow.DONE, workflow.STOPPED, workflow.DRAFT):
        return batch
    begin(actor, batch)
    until = time.monotonic() + seconds
    try:
        if batch.rows_total is None:
            _measure(batch, source)
        rows = islice(source.rows(), batch.rows_in, None)
        with Masking(processes) as masking:
            chunks = (chunk_prepare(batch, part, masking) for part in _chunks(rows))
            for chunk in _ahead(chunks) if processes else chunks:
                chunk_store(batch, chunk, masking)
                if progress:
                    total = max(batch.rows_in, batch.rows_total or 0)
                    progress(batch.rows_in, total, f"{batch.rows_in} rows")
                if time.monotonic() > until:
                    return batch
    except Superseded:
        batch.refresh_from_db()
        return batch
    except DomainError as refusal:
        batch_fail(actor=actor, batch=batch, refusal=refusal)
        raise
    finish(actor, batch)
    return batch


def _measure(batch: ImportBatch, source: TicketSource) -> None:
    """Count the rows, and move the window to the newest closed ticket where the import says so."""
    newest = None
    if batch.ends_with_newest:
        tickets = (row.ticket for row in source.rows() if row.ticket is not None)
        closed = (closed_at(ticket) for ticket in tickets if ticket.status in workflow.CLOSED_STATUSES)
        newest = max(closed, default=None)
    batch.rows_total = count = source.count()
    if newest is not None:
        batch.window_end = newest
        batch.window_start = newest - timedelta(days=batch.window_days)
    ImportBatch.objects.filter(pk=batch.pk).update(
        rows_total=count, window_start=batch.window_start, window_end=batch.window_end
    )


def batch_fail(*, actor: Actor, batch: ImportBatch, refusal: DomainError) -> None:
    """Write why an import cannot go on; its file is kept for a while, so that it can be tried again."""
    with transaction.atomic():
        move(
            batch,
            to=workflow.FAILED,
            allowed=workflow.BATCH_STEPS,
            finished_at=timezone.now(),
            error=refusal.message,
        )
        activity.record(actor, "import.failed", batch, after={"why": refusal.message[:500]})


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Yield the chunks, each after the next one has been begun, so that others can work on it meanwhile."""
    waiting = next(chunks, None)
    while waiting is not None:
        following = next(chunks, None)
        yield waiting
        waiting = following


def _chunks(rows: Iterator[SourceRow]) -> Iterator[list[SourceRow]]:
    while chunk := list(islice(rows, workflow.CHUNK_ROWS)):
        yield chunk


def begin(actor: Actor, batch: ImportBatch) -> None:
    """Say that somebody is at work on it; one whose worker was lost goes on."""
    if batch.state == workflow.RUNNING:
        return
    with transaction.atomic():
        started_at = batch.started_at or timezone.now()
        move(
            batch,
            to=workflow.RUNNING,
            allowed=workflow.BATCH_STEPS,
            started_at=started_at,
            finished_at=None,
            error="",
        )
        activity.record(actor, "import.running", batch, after={"rows_in": batch.rows_in})


def finish(actor: Actor, batch: ImportBatch) -> None:
    """Close the import, let go of its file, and queue what follows where something changed."""
    with transaction.atomic():
        move(
            batch,
            to=workflow.DONE,
            allowed=workflow.BATCH_STEPS,
            finished_at=timezone.now(),
            rows_total=batch.rows_in,
        )
        stored_name, batch.stored_name = batch.stored_name, ""
        batch.save(update_fields=["stored_name"])
        names = ("rows_in", "created", "updated", "unchanged", "rejected", "outside_window")
        activity.record(actor, "import.done", batch, after={name: getattr(batch, name) for name in names})
        if batch.created + batch.updated:
            jobs.enqueue(RENEW_TASK, dedupe_key=RENEW_TASK, requested_by=actor.label)
        transaction.on_commit(partial(upload_delete, stored_name))
