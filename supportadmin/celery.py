"""The Celery application: one task type runs every job (see core.jobs)."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportadmin.settings")

app = Celery("supportadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def let_a_stop_interrupt_the_job(**kwargs: Any) -> None:
    """Turn SIGTERM in a pool process into jobs.Interrupted, which puts the job back into the queue."""
    from core.jobs import interrupt  # noqa: PLC0415 - models cannot be imported before the apps are ready

    signal.signal(signal.SIGTERM, interrupt)
