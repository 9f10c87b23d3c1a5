"""An upload on its way in: read by a job, looked at by a person, taken in row by row by another job.

Both jobs may be killed anywhere and run again: reading begins anew, taking in goes on with the rows that are
not done.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, StaleTransition
from core.permissions import require
from core.transitions import move
from kb.exchange import workflow
from kb.exchange.applying import Result, row_apply
from kb.exchange.audience_mapping import mapping_of
from kb.exchange.contracts import OUTCOMES, SYSTEMS
from kb.exchange.planning import Planner
from kb.exchange.reading import Reading, read
from kb.exchange.uploads import Upload, upload_delete, upload_path
from kb.exchange.vocabulary import vocabulary_ensure
from kb.models import ArticleImport, ArticleImportRow
from kb.services import person

READ_TASK = "kb.tasks.read_import"
APPLY_TASK = "kb.tasks.apply_import"
BATCH = 500


@transaction.atomic
def import_create(
    *, actor: Actor, source: str, upload: Upload, mapping: dict[str, Any] | None = None
) -> ArticleImport:
    """Keep an upload as an import and queue its reading; no article is touched by that."""
    created_by = person(actor, "kb.add_article")
    require(actor, "kb.change_article")
    if source not in SYSTEMS:
        raise InvalidInput(f"There is no format {source}.", code="unknown_source")
    mapping_of(mapping or {})
    batch = ArticleImport.objects.create(
        source=source,
        file_name=upload.name[:200],
        file_sha256=upload.sha256,
        stored_name=upload.stored_name,
        mapping=mapping or {},
        created_by_id=created_by,
    )
    activity.record(
        actor, "article_import.created", batch, after={"source": source, "file_name": batch.file_name}
    )
    _enqueue(READ_TASK, batch, actor)
    return batch


@transaction.atomic
def import_start(*, actor: Actor, batch: ArticleImport) -> None:
    """Queue the taking in, after a person has seen what would become of each row."""
    _require(actor, batch)
    upload_path(batch.stored_name)
    if not batch.rows.exists():
        raise Conflict("It was stopped before it was read. Upload it again.", code="not_read")
    move(batch, to=workflow.QUEUED, allowed=workflow.IMPORT_STEPS, error="", finished_at=None)
    activity.record(actor, "article_import.started", batch, after=import_counts(batch))
    _enqueue(APPLY_TASK, batch, actor)


@transaction.atomic
def import_stop(*, actor: Actor, batch: ArticleImport) -> None:
    """Stop after the row that is being taken in; what has come in stays, as drafts."""
    _require(actor, batch)
    move(batch, to=workflow.STOPPED, allowed=workflow.IMPORT_STEPS, finished_at=timezone.now())
    activity.record(actor, "article_import.stopped", batch, after=import_counts(batch))


def import_read(batch_id: int, *, progress: jobs.Progress) -> dict[str, Any]:
    """Read the file and keep what would become of each row; idempotent."""
    batch = ArticleImport.objects.get(pk=batch_id)
    if batch.state != workflow.READING:
        return {"state": batch.state}
    actor = Actor.of_user(batch.created_by)
    try:
        reading = _reading(batch, progress)
        planner = Planner(actor=actor, system=batch.source, vocabulary=reading.vocabulary)
        rows = [
            ArticleImportRow(
                batch=batch,
                number=plan.row.number,
                where=plan.row.where,
                title=plan.row.title,
                outcome=plan.decision.outcome,
                reason=plan.decision.reason[:500],
                article_id=plan.known.article_id if plan.known else None,
                source_id=plan.known.source_id if plan.known else None,
            )
            for plan in planner.plans(reading.rows)
        ]
    except DomainError as refusal:
        _fail(actor, batch, refusal)
        return {"refused": refusal.message}
    with transaction.atomic():
        batch.rows.all().delete()
        ArticleImportRow.objects.bulk_create(rows, batch_size=BATCH)
        move(batch, to=workflow.READY, allowed=workflow.IMPORT_STEPS)
    return import_counts(batch)


def import_apply(batch_id: int, *, progress: jobs.Progress) -> dict[str, Any]:
    """Take in the rows that are not done, in the name of the person who uploaded them; idempotent."""
    batch = ArticleImport.objects.select_related("created_by").get(pk=batch_id)
    if batch.state == workflow.QUEUED:
        move(batch, to=workflow.RUNNING, allowed=workflow.IMPORT_STEPS)
    if batch.state != workflow.RUNNING:
        return {"state": batch.state}
    actor = Actor.of_user(batch.created_by)
    try:
        person(actor, "kb.add_article")
        reading = _reading(batch, progress)
        vocabulary_ensure(actor=actor, vocabulary=reading.vocabulary)
        planner = Planner(actor=actor, system=batch.source, vocabulary=reading.vocabulary)
    except DomainError as refusal:
        _fail(actor, batch, refusal)
        return {"refused": refusal.message}
    waiting = set(batch.rows.filter(is_done=False).values_list("number", flat=True))
    total = len(reading.rows)
    for row in reading.rows:
        if row.number not in waiting:
            continue
        if not ArticleImport.objects.filter(pk=batch.pk, state=workflow.RUNNING).exists():
            return {"state": workflow.STOPPED, **import_counts(batch)}
        row_apply(actor=actor, planner=planner, row=row, keep=partial(_keep, batch))
        progress(row.number, total, f"{row.number} of {total} articles")
    try:
        return _finish(actor, batch)
    except StaleTransition:  # somebody stopped it with its last row
        return {"state": workflow.STOPPED, **import_counts(batch)}


def import_counts(batch: ArticleImport) -> dict[str, int]:
    """Return how many rows have each outcome; their sum is ``rows_in``."""
    found = dict(batch.rows.order_by().values_list("outcome").annotate(Count("pk")))
    return {"rows_in": sum(found.values()), **{name: found.get(name, 0) for name in OUTCOMES}}


def _reading(batch: ArticleImport, progress: jobs.Progress) -> Reading:
    return read(
        upload_path(batch.stored_name),
        batch.source,
        mapping_of(batch.mapping),
        name=batch.file_name,
        progress=lambda done, total: progress(done, total, "Reading") if done % 50 == 0 else None,
    )


def _keep(batch: ArticleImport, result: Result) -> None:
    batch.rows.filter(number=result.row.number).update(
        outcome=result.outcome,
        reason=result.reason,
        article_id=result.article_id,
        source_id=result.source_id,
        is_done=True,
    )


def _finish(actor: Actor, batch: ArticleImport) -> dict[str, Any]:
    counts = import_counts(batch)
    with transaction.atomic():
        stored_name, batch.stored_name = batch.stored_name, ""
        move(
            batch, to=workflow.DONE, allowed=workflow.IMPORT_STEPS, finished_at=timezone.now(), stored_name=""
        )
        activity.record(actor, "article_import.done", batch, after=counts)
        transaction.on_commit(partial(upload_delete, stored_name))
    return counts


def _fail(actor: Actor, batch: ArticleImport, refusal: DomainError) -> None:
    with transaction.atomic():
        move(
            batch,
            to=workflow.FAILED,
            allowed=workflow.IMPORT_STEPS,
            error=refusal.message[:500],
            finished_at=timezone.now(),
        )
        activity.record(actor, "article_import.failed", batch, after={"why": refusal.message[:500]})
        transaction.on_commit(partial(upload_delete, batch.stored_name))


def _require(actor: Actor, batch: ArticleImport) -> None:
    person(actor, "kb.add_article")
    require(actor, "kb.change_article")


def _enqueue(task: str, batch: ArticleImport, actor: Actor) -> None:
    job = jobs.enqueue(task, dedupe_key=f"{task}:{batch.pk}", requested_by=actor.label, batch_id=batch.pk)
    ArticleImport.objects.filter(pk=batch.pk).update(job=job)
