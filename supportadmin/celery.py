"""The Celery application: one task type runs every job (see core.jobs)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportadmin.settings")

app = Celery("supportadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ("core.tasks",)  # the handlers of jobs are read by core.jobs, when the first one is due
