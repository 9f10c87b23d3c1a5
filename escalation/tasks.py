"""Background work of escalation."""

from __future__ import annotations

from typing import Any

from core import jobs
from escalation.backtest.candidate import Change
from escalation.backtest.replaying import Settings
from escalation.backtest.running import TASK, backtest_run


@jobs.handler(TASK)
def run_backtest(
    *, progress: jobs.Progress, change: dict[str, Any], settings: dict[str, Any], by: str
) -> dict[str, Any]:
    """Run a back-test; a second run makes a second one of the same digest, if nothing has changed."""
    run = backtest_run(
        change=Change.from_json(change),
        settings=Settings.from_json(settings),
        made_by=by,
        progress=progress,
    )
    return {"run": run.pk, "cases": run.cases, "flips": run.flips, "digest": run.digest}
