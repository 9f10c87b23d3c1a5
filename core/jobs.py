"""Background jobs that survive the loss of a broker, a worker or a message.

``enqueue`` writes a Job row in the caller's transaction and sends its id after commit. A worker claims the
row, counts the attempt *before* it works, and beats while it works. The sweeper re-sends what was lost and
stops what keeps killing its worker. Handlers are idempotent and take ids only. Services call ``enqueue`` with
a name and never import a handler.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from celery import current_app
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from kombu.exceptions import OperationalError

from core import activity
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.models import Job

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
LEASE_SECONDS = 60  # a running job that has not beaten for so long has lost its worker
BEAT_SECONDS = 10
RESEND_SECONDS = 20  # a queued job whose message was not picked up for so long is sent again
RETRY_SECONDS = (5, 30)
STOP_SECONDS = 10  # how long a worker that was told to stop may still take messages

Handler = Callable[..., dict[str, Any] | None]
H = TypeVar("H", bound=Handler)
_handlers: dict[str, Handler] = {}


class RetryLater(Exception):
    """Raised by a handler whose outside world is away for now: the job is queued again, with a pause."""


class Interrupted(BaseException):
    """The worker is told to stop: the job goes back into the queue, and the attempt does not count."""


class Cancelled(Exception):
    """A person has stopped this job: its row says so already, and what is done so far stays."""


def interrupt(number: int, frame: object) -> None:
    """Stop the job that runs in this process: a signal handler, set by core.tasks.

    Between claim and handler, and while the row is finished, nothing happens: that is not worth stopping.
    """
    if _inside_handler.is_set():
        raise Interrupted


_inside_handler = threading.Event()


@dataclass(frozen=True, slots=True)
class Progress:
    """What a handler uses to say how far it is."""

    job_id: uuid.UUID

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """Store ``done`` of ``total`` steps; counts as a sign of life."""
        Job.objects.filter(pk=self.job_id).update(
            progress_done=done,
            progress_total=total,
            progress_message=message[:200],
            heartbeat_at=timezone.now(),
        )

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled where a person has stopped the job; for handlers that work in portions."""
        if Job.objects.filter(pk=self.job_id, state=Job.State.FAILED).exists():
            raise Cancelled


def handler(name: str) -> Callable[[H], H]:
    """Register the function that does jobs called ``name``; it gets ``progress`` and the job's arguments."""

    def register(function: H) -> H:
        _handlers[name] = function
        return function

    return register


def enqueue(
    task: str,
    *,
    dedupe_key: str = "",
    requested_by: str = "",
    not_before: datetime | None = None,
    **arguments: Any,
) -> Job:
    """Write a Job and send it after commit; with a ``dedupe_key`` that is queued already, return that one.

    A job that is ``not_before`` a later time is sent by the sweeper, within seconds of that time.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            job = Job.objects.create(
                task=task,
                arguments=arguments,
                dedupe_key=dedupe_key,
                requested_by=requested_by,
                available_at=not_before or now,
            )
    except IntegrityError:
        queued = Job.objects.filter(dedupe_key=dedupe_key, state=Job.State.QUEUED).first()
        if queued is None:  # it started between the two statements
            return enqueue(
                task, dedupe_key=dedupe_key, requested_by=requested_by, not_before=not_before, **arguments
            )
        return queued
    if job.available_at <= now:
        transaction.on_commit(partial(send, job.pk), robust=True)
    return job


def send(job_id: uuid.UUID) -> bool:
    """Tell the broker about a job; False when the broker is away (the sweeper tries again)."""
    try:
        current_app.send_task("core.tasks.run_job", args=[str(job_id)], retry=False)
    except (OperationalError, OSError) as error:
        log.warning("job_not_sent", job_id=str(job_id), error=str(error))
        return False
    Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(sent_at=timezone.now())
    return True


def run(job_id: uuid.UUID | str) -> Job | None:
    """Claim and do one job; None when there is nothing to claim (done, taken, not due, unknown)."""
    job = _claim(job_id)
    if job is not None:
        _work(job)
    return job


def _work(job: Job) -> None:
    handle = _handler_of(job.task)
    if handle is None:
        _finish(job, Job.State.FAILED, error=f"No handler is registered for {job.task}.")
        return
    with _Beating(job.pk):
        try:
            result = _handled(handle, job)
        except Interrupted:
            log.warning("job_interrupted", job_id=str(job.pk), task=job.task)
            later = timezone.now() + timedelta(seconds=STOP_SECONDS)  # not for this worker again
            _requeue(job, at=later, attempts=F("attempts") - 1)
        except Cancelled:
            job.refresh_from_db()
        except (RetryLater, DatabaseError) as error:
            _retry_or_fail(job, error)
        except DomainError as error:
            _finish(job, Job.State.FAILED, error=error.message)
        except Exception as error:  # the border of the job: a bug is logged and kept on the row
            log.exception("job_crashed", job_id=str(job.pk), task=job.task)
            _finish(job, Job.State.FAILED, error=f"{type(error).__name__}: {error}")
        else:
            _finish(job, Job.State.SUCCEEDED, result=result or {})


def _handled(handle: Handler, job: Job) -> dict[str, Any] | None:
    _inside_handler.set()
    try:
        return handle(progress=Progress(job.pk), **job.arguments)
    finally:
        _inside_handler.clear()


def run_due(limit: int = 1000) -> int:
    """Do all due jobs here and now, oldest first; return how many. For commands and tests."""
    done = 0
    while done < limit:
        due = Job.objects.filter(state=Job.State.QUEUED, available_at__lte=timezone.now())
        next_id = due.order_by("created_at").values_list("pk", flat=True).first()
        if next_id is None or run(next_id) is None:
            break
        done += 1
    return done


def sweep(batch: int = 200) -> dict[str, int]:
    """Re-send lost messages, requeue jobs whose worker died, quarantine those that died too often."""
    now = timezone.now()
    dead = Job.objects.filter(
        state=Job.State.RUNNING, heartbeat_at__lt=now - timedelta(seconds=LEASE_SECONDS)
    )
    quarantined = dead.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.QUARANTINED,
        finished_at=now,
        error=f"Its worker died {MAX_ATTEMPTS} times. Look at the worker's log, then retry it by hand.",
    )
    requeued = 0
    for job in dead.order_by("created_at")[:batch]:
        requeued += _requeue(job, at=now)
    unsent = Q(sent_at__isnull=True) | Q(sent_at__lt=now - timedelta(seconds=RESEND_SECONDS))
    lost = Job.objects.filter(unsent, state=Job.State.QUEUED, available_at__lte=now)
    sent = 0
    for job_id in lost.order_by("created_at").values_list("pk", flat=True)[:batch]:
        if not send(job_id):
            break
        sent += 1
    if quarantined:
        log.error("jobs_quarantined", count=quarantined)
    return {"requeued": requeued, "quarantined": quarantined, "sent": sent}


def retry(job: Job, *, actor: Actor) -> Job:
    """Queue a failed or quarantined job again, with its attempts counted anew."""
    stopped = [Job.State.FAILED, Job.State.QUARANTINED]
    with transaction.atomic():
        rows = Job.objects.filter(pk=job.pk, state__in=stopped).update(
            state=Job.State.QUEUED,
            attempts=0,
            error="",
            finished_at=None,
            sent_at=None,
            available_at=timezone.now(),
        )
        if rows == 0:
            raise Conflict("Only a failed or quarantined job can be retried.", code="job_not_stopped")
        activity.record(actor, "job.retried", job, before={"state": job.state, "error": job.error[:500]})
        transaction.on_commit(partial(send, job.pk), robust=True)
    job.refresh_from_db()
    return job


def cancel(job: Job, *, actor: Actor) -> Job:
    """Stop a job that waits or runs; a handler that asks ``stop_if_cancelled`` ends at its next portion."""
    with transaction.atomic():
        rows = Job.objects.filter(pk=job.pk, state__in=[Job.State.QUEUED, Job.State.RUNNING]).update(
            state=Job.State.FAILED, error=f"Stopped by {actor.label}.", finished_at=timezone.now()
        )
        if rows == 0:
            raise Conflict("This job has ended already.", code="job_ended")
        activity.record(actor, "job.cancelled", job, before={"state": job.state})
    job.refresh_from_db()
    return job


def _handler_of(task: str) -> Handler | None:
    """Return the handler; the apps' ``tasks`` modules are read when the first one is asked for."""
    if task not in _handlers:
        autodiscover_modules("tasks")
    return _handlers.get(task)


def _claim(job_id: uuid.UUID | str) -> Job | None:
    now = timezone.now()
    rows = Job.objects.filter(pk=job_id, state=Job.State.QUEUED, available_at__lte=now).update(
        state=Job.State.RUNNING, attempts=F("attempts") + 1, started_at=now, heartbeat_at=now, error=""
    )
    return Job.objects.get(pk=job_id) if rows else None


def _finish(job: Job, state: Job.State, *, result: dict[str, Any] | None = None, error: str = "") -> None:
    _mine(job).update(state=state, result=result or {}, error=error[:4000], finished_at=timezone.now())
    job.refresh_from_db()


def _retry_or_fail(job: Job, error: Exception) -> None:
    if job.attempts >= MAX_ATTEMPTS:
        _finish(job, Job.State.FAILED, error=f"Gave up after {job.attempts} attempts: {error}")
        return
    pause = RETRY_SECONDS[min(job.attempts, len(RETRY_SECONDS)) - 1]
    _requeue(job, at=timezone.now() + timedelta(seconds=pause), error=str(error))
    job.refresh_from_db()


def _requeue(job: Job, *, at: Any, error: str = "", **changes: Any) -> int:
    """Put a running job back; where an equal one is queued already, that one does the work."""
    try:
        with transaction.atomic():
            return _mine(job).update(
                state=Job.State.QUEUED, available_at=at, sent_at=None, error=error[:4000], **changes
            )
    except IntegrityError:
        return _mine(job).update(
            state=Job.State.FAILED,
            finished_at=timezone.now(),
            error="Replaced by a newer job of the same key.",
        )


def _mine(job: Job) -> models.QuerySet[Job]:
    """The row, as long as it still is the attempt that this worker started."""
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts)


class _Beating:
    """Keep a job's heartbeat fresh from a thread while its handler works."""

    def __init__(self, job_id: uuid.UUID) -> None:
        self._job_id = job_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        if not connection.in_atomic_block:  # inside a test's transaction another connection would wait for it
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(BEAT_SECONDS):
                try:
                    Job.objects.filter(pk=self._job_id).update(heartbeat_at=timezone.now())
                except DatabaseError as error:
                    log.warning("heartbeat_missed", job_id=str(self._job_id), error=str(error))
        finally:
            connection.close()
