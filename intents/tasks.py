"""Background work of intents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core import jobs
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


@jobs.handler("intents.tasks.fill_tagging_inbox")
def fill_tagging_inbox(*, progress: jobs.Progress, is_asked_for: bool = False) -> dict[str, Any]:
    """Fill the tagging inbox; a second run adds what is new since, and otherwise nothing.

    On its schedule it works only where something has changed.
    """
    if not is_asked_for and inbox_is_current():
        return {"nothing_new": True}
    return asdict(inbox_fill(progress=progress))
