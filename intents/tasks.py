"""Background work of intents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core import jobs
from core.models import Job
from intents.health.checking import TASK as CHECK_HEALTH
from intents.health.checking import health_check_run
from intents.services import judging_run, training_run
from intents.tagging.filling import inbox_fill, inbox_is_current


@jobs.handler("intents.tasks.train")
def train(*, progress: jobs.Progress, version_id: int) -> dict[str, Any]:
    """Train a version; a second run finds it done."""
    version = training_run(version_id=version_id, progress=progress)
    return {"version": version.number, "accuracy": version.metrics.get("accuracy")}


@jobs.handler("intents.tasks.judge")
def judge(*, progress: jobs.Progress, version_id: int) -> dict[str, Any]:
    """Ask a version for its answers to the test phrases; a second run finds them."""
    return {"test_phrases": judging_run(version_id=version_id, progress=progress)}


@jobs.handler(CHECK_HEALTH)
def check_health(*, progress: jobs.Progress) -> dict[str, Any]:
    """Check the data set; a second run makes a second report of the same."""
    by = Job.objects.filter(pk=progress.job_id).values_list("requested_by", flat=True).first()
    report = health_check_run(progress=progress, requested_by=by or "")
    return {"report": report.pk, "examples": report.content["examples"]}


@jobs.handler("intents.tasks.fill_tagging_inbox")
def fill_tagging_inbox(*, progress: jobs.Progress, is_asked_for: bool = False) -> dict[str, Any]:
    """Fill the tagging inbox; a second run adds what is new since, and otherwise nothing.

    On its schedule it works only where something has changed.
    """
    if not is_asked_for and inbox_is_current():
        return {"nothing_new": True}
    return asdict(inbox_fill(progress=progress))
