"""Background work of pilots."""

from __future__ import annotations

from core.jobs import Progress, handler
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect
from pilot.models import SimulationRun
from pilot.simulations.running import TASK as SIMULATION_TASK
from pilot.simulations.running import simulation_run


@handler(COLLECT_TASK)
def collect_drafts(*, progress: Progress) -> dict[str, int]:
    """Make drafts of the turns that pilots have taken; a second run finds nothing new."""
    return {"drafts": drafts_collect(progress=progress)}


@handler(SIMULATION_TASK)
def run_simulation(*, progress: Progress, run_id: int) -> dict[str, int]:
    """Play a suite; a second run of the job plays only what is missing."""
    run = simulation_run(SimulationRun.objects.select_related("suite").get(pk=run_id), progress=progress)
    return {"run": run.pk, "passed": run.passed, "failed": run.failed}
