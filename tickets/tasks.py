"""Background work of tickets: an import, an audit, and the daily deletion of what is kept too long."""

from __future__ import annotations

from typing import Any

from core import jobs
from core.actors import Actor
from core.errors import DomainError
from tickets import workflow
from tickets.help_desks import open_pull
from tickets.models import ImportBatch
from tickets.services import (
    batch_apply,
    batch_enqueue,
    batch_fail,
    raw_texts_forget,
    uploads_forget,
)
from tickets.services.auditing import TASK as AUDIT_TASK
from tickets.services.auditing import audit_run
from tickets.services.classifying import Budget
from tickets.services.pulling import pull_apply
from tickets.services.renewing import TASK as RENEW_TASK
from tickets.services.renewing import texts_renew
from tickets.sources import open_source
from tickets.uploads import upload_path

MAX_SECONDS = 60  # a longer import goes on in the next job, behind what others wait for meanwhile
SLICE_SECONDS = 15  # of an audit and of cleaning, which are cheap to take up again
ACTOR = Actor.system("tickets.tasks.import_tickets")
PULL_ACTOR = Actor.system("tickets.tasks.pull_tickets")


@jobs.handler("tickets.tasks.import_tickets")
def import_tickets(*, progress: jobs.Progress, batch_id: int) -> dict[str, Any]:
    """Import an uploaded file from where the batch stands; a second run finds it done."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state not in (workflow.QUEUED, workflow.RUNNING, workflow.FAILED):
        return {"state": batch.state}
    try:
        source = open_source(upload_path(batch.stored_name), batch.source, batch.mapping)
    except DomainError as refusal:
        batch_fail(actor=ACTOR, batch=batch, refusal=refusal)
        raise
    batch = batch_apply(actor=ACTOR, batch=batch, source=source, progress=progress, seconds=MAX_SECONDS)
    if batch.state == workflow.RUNNING and batch.job_id == progress.job_id:
        batch_enqueue(batch, requested_by=ACTOR.label)
    return {"state": batch.state, "rows": batch.rows_in, "rejected": batch.rejected}


@jobs.handler("tickets.tasks.pull_tickets")
def pull_tickets(*, progress: jobs.Progress, batch_id: int) -> dict[str, Any]:
    """Pull from a help desk's API, from the batch's cursor on; a second run finds it done."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state not in (workflow.QUEUED, workflow.RUNNING, workflow.FAILED):
        return {"state": batch.state}
    try:
        pull = open_pull(batch)
    except DomainError as refusal:
        batch_fail(actor=PULL_ACTOR, batch=batch, refusal=refusal)
        raise
    batch = pull_apply(actor=PULL_ACTOR, batch=batch, pull=pull, progress=progress, seconds=MAX_SECONDS)
    if batch.state == workflow.RUNNING and batch.job_id == progress.job_id:
        batch_enqueue(batch, requested_by=PULL_ACTOR.label)
    return {"state": batch.state, "rows": batch.rows_in, "rejected": batch.rejected}


@jobs.handler("tickets.tasks.forget")
def forget(*, progress: jobs.Progress) -> dict[str, Any]:
    """Delete raw texts and uploaded files whose time is over; a second run finds nothing."""
    return {"raw_texts": raw_texts_forget(), "files": uploads_forget()}


@jobs.handler("tickets.tasks.run_audit")
def run_audit(*, progress: jobs.Progress, anew: bool = False, requester: str = "") -> dict[str, Any]:
    """Do an audit of the tickets that count, or a part of a long one; the next job goes on."""
    actor = Actor.system(requester or "tickets.tasks.run_audit")
    done = audit_run(actor=actor, budget=Budget.of(SLICE_SECONDS, progress), anew=anew)
    if not done:
        jobs.enqueue(AUDIT_TASK, requested_by=requester, anew=anew, requester=requester)
    return {"done": done}


@jobs.handler("tickets.tasks.renew_texts")
def renew_texts(*, progress: jobs.Progress) -> dict[str, Any]:
    """Clean outdated texts anew, or a part of them; the next job goes on."""
    done = texts_renew(Budget.of(SLICE_SECONDS, progress))
    if not done:
        jobs.enqueue(RENEW_TASK, requested_by="tickets.tasks.renew_texts")
    return {"done": done}
