"""One chunk of an import into the database: the batch's position and every row, or nothing at all.

The batch moves first, by compare-and-set on its position: of two workers that do the same chunk one goes on
and the other writes nothing. Does not decide what becomes of a row (tickets.import_plan does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from core.writing import write_transaction
from integrations.contracts import SourceRow
from tickets.import_plan import ChunkPlan, Known, Window, is_sound_id, plan_chunk
from tickets.models import ImportBatch, ImportRejection, RawText, Ticket, TicketText
from tickets.querysets import TicketQuerySet
from tickets.services.masking import Masking, Prepared, upserts
from tickets.texts import storable
from tickets.workflow import DELETED_STATUS, KEPT_REJECTIONS, RAW_TEXT_DAYS, RUNNING

MAX_PLANS = 5


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows on their way: what was known of their tickets, the plan, and the rows to store when asked.

    ``cursor`` is where a source that has one goes on once these rows are stored; None for a file.
    """

    rows: Sequence[SourceRow]
    known_ids: frozenset[str]
    known: dict[str, Known]
    plan: ChunkPlan
    prepared: Callable[[], list[Prepared]]
    cursor: str | None = None


class Superseded(Exception):
    """The batch is not where this worker left it: stopped, or another worker has taken it."""


class _Outpaced(Exception):
    """Another import has changed these tickets since the chunk was planned."""


def chunk_prepare(
    batch: ImportBatch, rows: Sequence[SourceRow], masking: Masking, *, cursor: str | None = None
) -> Chunk:
    """Plan the rows by what is known now, and begin to mask their texts."""
    ids = {row.ticket.external_id for row in rows if row.ticket and is_sound_id(row.ticket.external_id)}
    known = _known(batch.source, ids)
    plan = plan_chunk(rows, known, window=Window(batch.window_start, batch.window_end), batch_id=batch.pk)
    delete_raw_after = timezone.localdate() + timedelta(days=RAW_TEXT_DAYS)
    prepared = masking.submit(list(plan.writes.items()), batch.source, batch.pk, delete_raw_after)
    return Chunk(rows, frozenset(ids), known, plan, prepared, cursor)


def chunk_store(batch: ImportBatch, chunk: Chunk, masking: Masking) -> None:
    """Store a chunk together with the batch's new position and counters; plan it anew where it is outdated.

    Raises Superseded, with nothing written, when the batch is no longer running at ``batch.rows_in``.
    """
    for _ in range(MAX_PLANS):
        prepared = chunk.prepared()
        try:
            with write_transaction():
                _advance(batch, chunk)
                if _known(batch.source, chunk.known_ids, lock=True) != chunk.known:
                    raise _Outpaced
                _store(batch, chunk.plan, prepared)
        except _Outpaced:
            chunk = chunk_prepare(batch, chunk.rows, masking, cursor=chunk.cursor)
            continue
        batch.refresh_from_db()
        return
    raise Superseded("Other imports keep changing the same tickets.")


def _known(source: str, ids: Iterable[str], *, lock: bool = False) -> dict[str, Known]:
    """Return what is stored of the tickets with these ids."""
    tickets = Ticket.objects.filter(source=source, external_id__in=list(ids)).order_by("pk")
    if lock:
        tickets = tickets.select_for_update()
    facts = tickets.values_list("external_id", "content_hash", "updated_at", "last_batch_id", "in_window")
    return {
        external_id: Known(content_hash, updated_at, batch_id, in_window)
        for external_id, content_hash, updated_at, batch_id, in_window in facts
    }


def _advance(batch: ImportBatch, chunk: Chunk) -> None:
    """Move position and counters, if the batch still is where it was read."""
    place = {} if chunk.cursor is None else {"cursor": chunk.cursor}
    moved = ImportBatch.objects.filter(pk=batch.pk, state=RUNNING, rows_in=batch.rows_in).update(
        **{name: F(name) + count for name, count in chunk.plan.counts.items()}, **place
    )
    if not moved:
        raise Superseded("This import was stopped, or another worker goes on with it.")


def _store(batch: ImportBatch, plan: ChunkPlan, prepared: Sequence[Prepared]) -> None:
    """Apply the plan: writes, seen, leaving; then keep why rows were rejected."""
    tickets = Ticket.objects.filter(source=batch.source)
    upsert_tickets, upsert_texts, upsert_raw_texts = upserts()
    upsert_tickets.execute(row.ticket for row in prepared)
    stored = tickets.filter(external_id__in=[row.external_id for row in prepared])
    ids = dict(stored.values_list("external_id", "pk"))
    upsert_texts.execute((ids[row.external_id], *row.text) for row in prepared)
    upsert_raw_texts.execute((ids[row.external_id], *row.raw) for row in prepared)
    if plan.seen:
        tickets.filter(external_id__in=plan.seen).exclude(last_batch=batch).update(last_batch=batch)
    _leave(batch, plan, tickets)
    room = max(0, KEPT_REJECTIONS - batch.rejected)
    ImportRejection.objects.bulk_create(
        ImportRejection(batch=batch, line=line, code=_said(why.code)[:60], message=_said(why.message)[:500])
        for line, why in plan.rejections[:room]
    )


def _leave(batch: ImportBatch, plan: ChunkPlan, tickets: TicketQuerySet) -> None:
    """Take tickets out of the audit; what the help desk has deleted is not kept here either."""
    for external_id, ticket in plan.leaving.items():
        tickets.filter(external_id=external_id).update(
            in_window=False,
            status=ticket.status,
            updated_at=ticket.updated_at,
            content_hash="",
            last_batch=batch,
        )
    deleted = [key for key, ticket in plan.leaving.items() if ticket.status == DELETED_STATUS]
    if deleted:
        gone = tickets.filter(external_id__in=deleted)
        gone.update(subject="", extra={}, tags=[])
        TicketText.objects.filter(ticket__in=gone).delete()
        RawText.objects.filter(ticket__in=gone).delete()


def _said(text: str) -> str:
    """Return a reason as any database can keep it, whatever the row held."""
    return storable(text.encode("utf-8", "replace").decode())
