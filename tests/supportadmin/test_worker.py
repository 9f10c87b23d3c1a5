"""A real worker on the real broker: done, killed, stopped, poisoned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from core import jobs
from core.models import Job
from supportadmin.celery import app
from tests.supportadmin.test_serve import ROOT
from tests.supportadmin.test_supervisor import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
Start = Callable[[], subprocess.Popen[bytes]]


def database_url() -> str:
    """Return the test database, as another process must name it."""
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{options['NAME']}"
    return f"postgres://{options['USER']}:{options['PASSWORD']}@{options['HOST']}:{options['PORT']}/{options['NAME']}"


@pytest.fixture
def start_worker() -> Iterator[Start]:
    started = []
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "supportadmin.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
    }
    command = [sys.executable, "-m", "celery", "-A", "supportadmin", "--quiet", "worker", "--concurrency=1"]
    options = ["--include=tests.supportadmin.worker_handlers", "--loglevel=WARNING", "--without-mingle"]

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, start_new_session=True)
        started.append(process)
        return process

    app.control.purge()
    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def state(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def declare_its_worker_dead(job: Job) -> None:
    """Let the lease run out without waiting for it, then sweep."""
    long_ago = timezone.now() - timedelta(seconds=jobs.LEASE_SECONDS + 1)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=long_ago)
    jobs.sweep()


@pytest.mark.row("R31", "8.9")
def test_jobs_are_done_once_each(start_worker: Start, tmp_path: Path) -> None:
    queued = [jobs.enqueue("tests.quick", folder=str(tmp_path), n=n) for n in range(10)]
    start_worker()
    eventually(lambda: all(state(job) == "succeeded" for job in queued), 60)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        f"quick{n}": "x" for n in range(10)
    }


@pytest.mark.row("R31", "M4")
def test_a_job_whose_worker_was_killed_is_done_by_the_next(start_worker: Start, tmp_path: Path) -> None:
    job = jobs.enqueue("tests.slow_first", folder=str(tmp_path))
    worker = start_worker()
    eventually(lambda: (tmp_path / "slow").exists(), 60)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    assert state(job) == "running"
    declare_its_worker_dead(job)
    start_worker()
    eventually(lambda: state(job) == "succeeded", 60)
    assert job.attempts == 2


@pytest.mark.row("R38")
def test_a_stopped_worker_gives_its_job_back(start_worker: Start, tmp_path: Path) -> None:
    job = jobs.enqueue("tests.slow_first", folder=str(tmp_path))
    worker = start_worker()
    eventually(lambda: (tmp_path / "slow").exists(), 60)
    os.killpg(worker.pid, signal.SIGTERM)
    assert worker.wait(20) == 0
    assert (state(job), job.attempts) == ("queued", 0)


@pytest.mark.row("R34", "M5")
def test_poison_is_quarantined_after_three_processes_and_others_go_on(
    start_worker: Start, tmp_path: Path
) -> None:
    job = jobs.enqueue("tests.poison", folder=str(tmp_path))
    worker = start_worker()
    for died in range(1, jobs.MAX_ATTEMPTS + 1):
        eventually(lambda died=died: _deaths(tmp_path) == died, 60)
        declare_its_worker_dead(job)
    assert (state(job), job.attempts) == ("quarantined", jobs.MAX_ATTEMPTS)
    other = jobs.enqueue("tests.quick", folder=str(tmp_path), n=1)
    eventually(lambda: state(other) == "succeeded", 60)
    assert _deaths(tmp_path) == jobs.MAX_ATTEMPTS
    assert worker.poll() is None


def _deaths(folder: Path) -> int:
    path = folder / "poison"
    return len(path.read_text()) if path.exists() else 0
