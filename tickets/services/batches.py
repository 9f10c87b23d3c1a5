"""Imports as they begin and move: made, queued, stopped, gone on with, finished.

Does not read rows (tickets.services.applying does) nor files (tickets.uploads does).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.models import Job
from core.permissions import require
from core.transitions import move
from tickets import workflow
from tickets.models import ImportBatch, Source
from tickets.uploads import Upload, upload_delete, upload_exists, uploads_delete_strays

TASK = "tickets.tasks.import_tickets"
PULL_TASK = "tickets.tasks.pull_tickets"
RESUMABLE_FOR = timedelta(days=1)  # an older import of the same file begins anew: its window has moved


@transaction.atomic
def batch_create(
    *,
    actor: Actor,
    source: str,
    upload: Upload,
    mapping: dict[str, Any] | None = None,
    window_days: int = workflow.DEFAULT_WINDOW_DAYS,
    ends_with_newest: bool = False,
    now: datetime | None = None,
    draft: bool = False,
    columns_key: str = "",
) -> ImportBatch:
    """Write an import of a file, in state queued, or draft where its columns are still to be named.

    The window ends ``now``, or where so said with the newest ticket, once the file has been read. Nothing is
    queued: see batch_enqueue.
    """
    require(actor, "tickets.add_importbatch")
    if source not in Source.values:
        raise InvalidInput(f"There is no source {source}.", code="unknown_source")
    if not 1 <= window_days <= workflow.MAX_WINDOW_DAYS:
        raise InvalidInput(f"The window must be 1 to {workflow.MAX_WINDOW_DAYS} days.", code="bad_window")
    end = now or timezone.now()
    batch = ImportBatch.objects.create(
        source=source,
        file_name=upload.name[:200],
        file_sha256=upload.sha256,
        file_bytes=upload.size_bytes,
        stored_name=upload.stored_name,
        mapping=mapping or {},
        columns_key=columns_key,
        ends_with_newest=ends_with_newest,
        window_days=window_days,
        window_start=end - timedelta(days=window_days),
        window_end=end,
        state=workflow.DRAFT if draft else workflow.QUEUED,
        created_by_id=actor.user_id,
    )
    activity.record(
        actor,
        "import.created",
        batch,
        after={"source": source, "file_name": batch.file_name, "window_days": window_days},
    )
    return batch


@transaction.atomic
def batch_start(*, actor: Actor, batch: ImportBatch) -> None:
    """Queue a draft whose columns a person has seen."""
    require(actor, "tickets.add_importbatch")
    _check_draft(batch)
    move(batch, to=workflow.QUEUED, allowed=workflow.BATCH_STEPS)
    activity.record(actor, "import.started", batch, after={"mapping": batch.mapping})
    batch_enqueue(batch, requested_by=actor.label)


@transaction.atomic
def batch_set_mapping(*, actor: Actor, batch: ImportBatch, mapping: dict[str, Any]) -> None:
    """Say which column of a draft's file is what; nothing is imported by that."""
    require(actor, "tickets.add_importbatch")
    _check_draft(batch)
    before = batch.mapping
    if not ImportBatch.objects.filter(pk=batch.pk, state=workflow.DRAFT).update(mapping=mapping):
        raise Conflict("Somebody else has started this import meanwhile.", code="stale_transition")
    batch.mapping = mapping
    activity.record(
        actor, "import.columns_named", batch, before={"mapping": before}, after={"mapping": mapping}
    )


def _check_draft(batch: ImportBatch) -> None:
    if batch.state != workflow.DRAFT:
        raise Conflict("This import has been started already.", code="not_a_draft")
    if not upload_exists(batch.stored_name):
        raise Conflict("The file is not kept any more. Upload it again.", code="file_gone")


def batch_enqueue(batch: ImportBatch, *, requested_by: str) -> Job:
    """Queue the job that goes on with the import from where it is."""
    task = PULL_TASK if batch.address else TASK
    job = jobs.enqueue(task, dedupe_key=f"{task}:{batch.pk}", requested_by=requested_by, batch_id=batch.pk)
    ImportBatch.objects.filter(pk=batch.pk).update(job=job)
    batch.job = job
    return job


@transaction.atomic
def batch_stop(*, actor: Actor, batch: ImportBatch) -> None:
    """Stop an import after the rows that it has stored; its worker notices with the next chunk."""
    require(actor, "tickets.change_importbatch")
    move(batch, to=workflow.STOPPED, allowed=workflow.BATCH_STEPS, finished_at=timezone.now())
    activity.record(actor, "import.stopped", batch, after={"rows_in": batch.rows_in})


@transaction.atomic
def batch_resume(*, actor: Actor, batch: ImportBatch) -> None:
    """Queue a stopped or failed import, or one whose worker is lost, from where it stands."""
    require(actor, "tickets.change_importbatch")
    if not batch.address and not upload_exists(batch.stored_name):
        raise Conflict(
            "The file is not kept any more. Upload it again; nothing is stored twice.", code="file_gone"
        )
    if batch.state in (workflow.QUEUED, workflow.RUNNING) and not is_stalled(batch):
        raise Conflict("This import is under way.", code="under_way")
    before = batch.state
    if batch.state != workflow.QUEUED:
        move(batch, to=workflow.QUEUED, allowed=workflow.BATCH_STEPS, error="", finished_at=None)
    activity.record(
        actor, "import.resumed", batch, before={"state": before}, after={"rows_in": batch.rows_in}
    )
    batch_enqueue(batch, requested_by=actor.label)


@transaction.atomic
def batch_take_up(
    *,
    actor: Actor,
    source: str,
    sha256: str,
    mapping: dict[str, Any],
    window_days: int,
    ends_with_newest: bool = False,
) -> ImportBatch | None:
    """Return the import of the same file that the command began today and that can go on, ready to do so."""
    found = (
        ImportBatch.objects.unfinished()
        .filter(
            source=source,
            file_sha256=sha256,
            mapping=mapping,
            window_days=window_days,
            ends_with_newest=ends_with_newest,
            stored_name="",
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


def is_stalled(batch: ImportBatch) -> bool:
    """Whether an import that should be under way has no job that will do it."""
    is_a_jobs = batch.stored_name != "" or (batch.address != "" and batch.job is not None)
    waiting = batch.state in (workflow.QUEUED, workflow.RUNNING) and is_a_jobs
    return waiting and (batch.job is None or batch.job.state not in (Job.State.QUEUED, Job.State.RUNNING))


def uploads_forget(*, now: datetime | None = None) -> int:
    """Delete the files of imports that have not ended within UPLOAD_DAYS, and stray ones; return how many."""
    long_ago = (now or timezone.now()) - timedelta(days=workflow.UPLOAD_DAYS)
    old = ImportBatch.objects.exclude(stored_name="").filter(created_at__lt=long_ago)
    forgotten = uploads_delete_strays(
        known=set(ImportBatch.objects.exclude(stored_name="").values_list("stored_name", flat=True)),
        before=long_ago,
    )
    for batch in old.exclude(state=workflow.RUNNING):
        with transaction.atomic():
            changes: dict[str, Any] = {"stored_name": ""}
            if batch.state != workflow.STOPPED:
                changes |= {"state": workflow.STOPPED, "finished_at": now or timezone.now()}
            forgotten += ImportBatch.objects.filter(pk=batch.pk, state=batch.state).update(**changes)
            transaction.on_commit(partial(upload_delete, batch.stored_name))
    return forgotten
