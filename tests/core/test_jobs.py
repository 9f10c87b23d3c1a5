"""Jobs survive the loss of broker, message and worker, and never run in circles."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError as DatabaseGone
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.models import Activity, Heartbeat, Job
from core.tasks import sweep

pytestmark = pytest.mark.django_db
Handler = Callable[..., dict[str, Any] | None]


@pytest.fixture
def handle() -> Iterator[Callable[[Handler], None]]:
    """Let a function do the jobs called ``tests.work``."""
    yield lambda function: jobs._handlers.__setitem__("tests.work", function)
    jobs._handlers.pop("tests.work", None)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """Collect what is sent to the broker."""
    messages: list[uuid.UUID] = []
    monkeypatch.setattr(
        jobs.current_app, "send_task", lambda name, args, retry: messages.append(uuid.UUID(args[0]))
    )
    return messages


@pytest.fixture
def broken_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(jobs.current_app, "send_task", refuse)


def dead_worker(job: Job, *, attempts: int) -> None:
    """Leave the row as a killed worker leaves it."""
    silent_since = timezone.now() - timedelta(seconds=jobs.LEASE_SECONDS + 1)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, attempts=attempts, started_at=silent_since, heartbeat_at=silent_since
    )


def state(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_job_is_sent_only_after_commit(sent: list[uuid.UUID], django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.enqueue("tests.work", n=1)
        assert sent == []
    assert sent == [job.pk]
    job.refresh_from_db()
    assert (job.state, job.arguments, job.attempts) == ("queued", {"n": 1}, 0)
    assert job.sent_at is not None


def test_a_rolled_back_transaction_leaves_neither_job_nor_message(sent: list[uuid.UUID]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        jobs.enqueue("tests.work")
        raise RuntimeError
    assert sent == []
    assert not Job.objects.exists()


@pytest.mark.row("R33", "M6")
def test_with_the_broker_down_the_row_is_queued_and_nothing_is_raised(
    broken_broker: None, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.enqueue("tests.work")
    assert (state(job), job.sent_at) == ("queued", None)
    assert jobs.sweep() == {"requeued": 0, "quarantined": 0, "sent": 0}


@pytest.mark.row("R32", "M6")
def test_the_sweeper_sends_what_the_broker_lost(sent: list[uuid.UUID]) -> None:
    lost = Job.objects.create(task="tests.work", sent_at=timezone.now() - timedelta(seconds=21))
    never = Job.objects.create(task="tests.work")
    Job.objects.create(task="tests.work", sent_at=timezone.now())
    Job.objects.create(task="tests.work", available_at=timezone.now() + timedelta(minutes=1))
    assert jobs.sweep()["sent"] == 2
    assert sent == [lost.pk, never.pk]
    assert jobs.sweep()["sent"] == 0


@pytest.mark.row("R31")
def test_a_killed_workers_job_is_queued_again_and_then_done(sent: list[uuid.UUID], handle) -> None:
    handle(lambda *, progress, n: {"n": n})
    job = Job.objects.create(task="tests.work", arguments={"n": 7})
    dead_worker(job, attempts=1)
    assert jobs.sweep() == {"requeued": 1, "quarantined": 0, "sent": 1}
    jobs.run(job.pk)
    assert (state(job), job.attempts, job.result) == ("succeeded", 2, {"n": 7})


@pytest.mark.row("R34", "M5")
def test_what_killed_three_workers_is_quarantined(sent: list[uuid.UUID]) -> None:
    job = Job.objects.create(task="tests.work")
    dead_worker(job, attempts=jobs.MAX_ATTEMPTS)
    assert jobs.sweep() == {"requeued": 0, "quarantined": 1, "sent": 0}
    assert state(job) == "quarantined"
    assert "died 3 times" in job.error
    assert jobs.run(job.pk) is None


@pytest.mark.row("R34", "M5")
def test_the_attempt_is_counted_before_the_work(handle) -> None:
    counted = []
    handle(lambda *, progress: counted.append(Job.objects.get().attempts))
    jobs.run(jobs.enqueue("tests.work").pk)
    assert counted == [1]


def test_a_working_job_is_not_taken_for_dead(sent: list[uuid.UUID]) -> None:
    job = Job.objects.create(task="tests.work", state="running", attempts=1, heartbeat_at=timezone.now())
    assert jobs.sweep() == {"requeued": 0, "quarantined": 0, "sent": 0}
    assert state(job) == "running"


@pytest.mark.row("R35")
def test_a_message_that_comes_twice_is_worked_once(handle) -> None:
    runs = []
    handle(lambda *, progress: runs.append(1))
    job = jobs.enqueue("tests.work")
    assert jobs.run(job.pk) is not None
    assert jobs.run(job.pk) is None
    assert jobs.run(uuid.uuid4()) is None
    assert runs == [1]


def test_an_equal_job_that_waits_already_is_not_queued_twice() -> None:
    first = jobs.enqueue("tests.work", dedupe_key="sync:1", article_id=1)
    assert jobs.enqueue("tests.work", dedupe_key="sync:1", article_id=1) == first
    assert jobs.enqueue("tests.work", dedupe_key="sync:2", article_id=2) != first
    jobs._claim(first.pk)
    assert jobs.enqueue("tests.work", dedupe_key="sync:1", article_id=1) != first
    assert Job.objects.count() == 3


def test_a_dead_job_yields_to_an_equal_one_that_waits(sent: list[uuid.UUID]) -> None:
    dead = jobs.enqueue("tests.work", dedupe_key="sync:1")
    dead_worker(dead, attempts=1)
    waiting = jobs.enqueue("tests.work", dedupe_key="sync:1")
    jobs.sweep()
    assert (state(dead), dead.error) == ("failed", "Replaced by a newer job of the same key.")
    assert state(waiting) == "queued"


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (InvalidInput("The file is empty."), "The file is empty."),
        (ValueError("a bug"), "ValueError: a bug"),
    ],
)
def test_a_refusal_or_bug_fails_the_job_with_its_reason(handle, raised: Exception, message: str) -> None:
    def work(*, progress: jobs.Progress) -> None:
        raise raised

    handle(work)
    job = jobs.enqueue("tests.work")
    jobs.run(job.pk)
    assert (state(job), job.error) == ("failed", message)


@pytest.mark.parametrize("raised", [jobs.RetryLater("the index is locked"), DatabaseGone("locked")])
def test_an_outside_failure_is_tried_three_times_with_pauses(handle, raised: Exception) -> None:
    def work(*, progress: jobs.Progress) -> None:
        raise raised

    handle(work)
    job = jobs.enqueue("tests.work")
    for attempt, pause in enumerate(jobs.RETRY_SECONDS, 1):
        began = timezone.now()
        jobs.run(job.pk)
        assert (state(job), job.attempts) == ("queued", attempt)
        assert pause <= (job.available_at - began).total_seconds() < pause + 5
        assert jobs.run(job.pk) is None  # not due yet
        Job.objects.update(available_at=timezone.now())
    jobs.run(job.pk)
    assert state(job) == "failed"
    assert job.error == f"Gave up after 3 attempts: {raised}"


@pytest.mark.row("R38")
def test_a_stop_puts_the_job_back_without_counting_the_attempt(handle) -> None:
    handle(lambda *, progress: jobs.interrupt(15, None))
    job = jobs.enqueue("tests.work")
    jobs.run(job.pk)
    assert (state(job), job.attempts) == ("queued", 0)
    jobs.interrupt(15, None)  # outside a handler there is nothing to stop


def test_an_unknown_task_fails_by_name() -> None:
    job = jobs.enqueue("tests.nothing")
    jobs.run(job.pk)
    assert (state(job), job.error) == ("failed", "No handler is registered for tests.nothing.")


@pytest.mark.row("8.9")
def test_progress_is_kept_on_the_row(handle) -> None:
    seen: list[tuple[int, int, str]] = []

    def work(*, progress: jobs.Progress) -> None:
        progress(3, 10, "indexing")
        job = Job.objects.get()
        seen.append((job.progress_done, job.progress_total, job.progress_message))

    handle(work)
    jobs.enqueue("tests.work")
    assert jobs.run_due() == 1
    assert seen == [(3, 10, "indexing")]


@pytest.mark.row("8.9")
def test_a_stopped_job_is_retried_by_hand_and_that_is_in_the_log(sent: list[uuid.UUID]) -> None:
    job = Job.objects.create(task="tests.work", state="quarantined", attempts=3, error="died")
    jobs.retry(job, actor=Actor("user", 1, "kim"))
    assert (job.state, job.attempts, job.error) == ("queued", 0, "")
    line = Activity.objects.get()
    assert (line.verb, line.actor_label, line.before) == (
        "job.retried",
        "kim",
        {"state": "quarantined", "error": "died"},
    )


def test_a_running_job_cannot_be_retried() -> None:
    job = Job.objects.create(task="tests.work", state="running")
    with pytest.raises(Conflict, match="failed or quarantined"):
        jobs.retry(job, actor=Actor.system("tests"))
    assert state(job) == "running"
    assert not Activity.objects.exists()


@pytest.mark.row("R37")
def test_the_sweep_shows_that_the_worker_lives() -> None:
    sweep()
    assert abs((Heartbeat.objects.get(name="worker").at - timezone.now()).total_seconds()) < 5


def test_a_job_that_a_person_stops_ends_at_its_next_portion_and_stays_stopped(handle, sent) -> None:
    worked: list[int] = []

    def work(*, progress: jobs.Progress) -> None:
        for portion in range(3):
            progress.stop_if_cancelled()
            worked.append(portion)
            if portion == 0:
                jobs.cancel(Job.objects.get(pk=progress.job_id), actor=Actor.system("kim"))

    handle(work)
    job = jobs.enqueue("tests.work")
    jobs.run(job.pk)
    assert (state(job), job.error, worked) == ("failed", "Stopped by kim.", [0])
    assert Activity.objects.get(verb="job.cancelled").actor_label == "kim"
    with pytest.raises(Conflict):
        jobs.cancel(job, actor=Actor.system("kim"))
    jobs.sweep()
    assert state(job) == "failed"


def test_a_job_that_waits_is_stopped_before_it_begins(handle, sent) -> None:
    handle(lambda progress: pytest.fail("It has been stopped."))
    job = jobs.enqueue("tests.work")
    jobs.cancel(job, actor=Actor.system("kim"))
    assert jobs.run(job.pk) is None
    assert state(job) == "failed"
