"""The Celery tasks there are: do a job, queue one, and sweep. What jobs do lives in the apps' handlers."""

from __future__ import annotations

import signal
from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from core import jobs
from core.models import Heartbeat, IdempotencyRecord

IDEMPOTENCY_HOURS = 48


@worker_ready.connect
def sweep_at_start(**kwargs: object) -> None:
    """Do not wait for beat: what was left behind is mended, and /readyz turns green, as the worker starts."""
    sweep.delay()


@shared_task(name="core.tasks.run_job", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def run_job(job_id: str) -> None:
    """Do one job by its id; while it runs, SIGTERM puts it back into the queue."""
    before = signal.signal(signal.SIGTERM, jobs.interrupt)  # a pool process works in its main thread
    try:
        jobs.run(job_id)
    finally:
        signal.signal(signal.SIGTERM, before)


@shared_task(name="core.tasks.enqueue", acks_late=True, ignore_result=True)
def enqueue(task: str) -> None:
    """Queue a job without arguments, as beat does on its schedule; one that waits already is enough."""
    jobs.enqueue(task, dedupe_key=task, requested_by="schedule")


@shared_task(name="core.tasks.sweep", acks_late=True, ignore_result=True, expires=60)
def sweep() -> None:
    """Mend lost jobs, forget old idempotency records, and show that beat, broker and worker are alive."""
    now = timezone.now()
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": now})
    jobs.sweep()
    IdempotencyRecord.objects.filter(created_at__lt=now - timedelta(hours=IDEMPOTENCY_HOURS)).delete()
