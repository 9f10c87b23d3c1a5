"""Background work of intents."""

from __future__ import annotations

from typing import Any

from core import jobs
from intents.services import judging_run, training_run


@jobs.handler("intents.tasks.train")
def train(*, progress: jobs.Progress, version_id: int) -> dict[str, Any]:
    """Train a version; a second run finds it done."""
    version = training_run(version_id=version_id, progress=progress)
    return {"version": version.number, "accuracy": version.metrics.get("accuracy")}


@jobs.handler("intents.tasks.judge")
def judge(*, progress: jobs.Progress, version_id: int) -> dict[str, Any]:
    """Ask a version for its answers to the test phrases; a second run finds them."""
    return {"test_phrases": judging_run(version_id=version_id, progress=progress)}
