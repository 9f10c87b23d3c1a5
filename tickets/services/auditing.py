"""An audit run: cleaning, outcomes, vectors, categories or assignment; a job, gone on with until done."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict
from core.models import Job
from core.permissions import require
from nlp.encoder import load_encoder
from tickets.models import Category, Clustering, Ticket
from tickets.services.classifying import Budget, outcomes_update, tickets_assign, vectors_update
from tickets.services.proposing import categories_propose
from tickets.services.renewing import texts_renew

TASK = "tickets.tasks.run_audit"


@transaction.atomic
def audit_start(*, actor: Actor, anew: bool = False) -> Job:
    """Queue an audit of all tickets that count; ``anew`` retires the categories and proposes others."""
    require(actor, "tickets.change_category")
    if not Ticket.objects.counting().exists():
        raise Conflict("There are no closed tickets yet. Import some first.", code="no_tickets")
    job = jobs.enqueue(TASK, dedupe_key=TASK, requested_by=actor.label, anew=anew, requester=actor.label)
    activity.record(actor, "audit.started", job, after={"anew": anew})
    return job


def audit_run(*, actor: Actor, budget: Budget, anew: bool = False) -> bool:
    """Do what is left of an audit within the budget; return whether it is done. Idempotent by the rows."""
    encoder = load_encoder(settings.ENCODER_PATH, threads=settings.JOB_ENCODER_THREADS)
    if not texts_renew(budget):
        return False
    if not outcomes_update(budget) or not vectors_update(budget, encoder):
        return False
    latest = Clustering.objects.order_by("-pk").first()
    is_usable = latest is not None and latest.encoder == encoder.fingerprint
    if anew or not is_usable or not Category.objects.in_use().exists():
        budget.progress(0, 1, "Finding what tickets are about")
        categories_propose(actor=actor, encoder=encoder.fingerprint)
        return True
    return latest is None or tickets_assign(budget, latest)


def audit_job() -> Job | None:
    """Return the audit that waits or runs."""
    return Job.objects.filter(task=TASK, state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()
