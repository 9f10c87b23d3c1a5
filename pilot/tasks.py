"""Background work of pilots."""

from __future__ import annotations

from core.jobs import Progress, handler
from pilot.corrections.collecting import COLLECT_TASK as CORRECTIONS_TASK
from pilot.corrections.collecting import corrections_collect
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect
from pilot.drafts.replies import replies_collect
from pilot.figures.weekly import FREEZE_TASK, weeks_freeze
from pilot.models import SimulationRun
from pilot.simulations.running import TASK as SIMULATION_TASK
from pilot.simulations.running import simulation_run


@handler(COLLECT_TASK)
def collect_drafts(*, progress: Progress) -> dict[str, int]:
    """Make drafts of the turns that pilots have taken, with what people sent; twice finds nothing new."""
    return {"drafts": drafts_collect(progress=progress), "replies": replies_collect()}


@handler(CORRECTIONS_TASK)
def collect_corrections(*, progress: Progress) -> dict[str, int]:
    """Propose what drafts, reviews and feedback say; a second run finds nothing new."""
    return corrections_collect(progress=progress)


@handler(FREEZE_TASK)
def freeze_weeks(*, progress: Progress) -> dict[str, int]:
    """Freeze the figures of full weeks; a second run finds nothing new."""
    return {"weeks": weeks_freeze(progress=progress)}


@handler(SIMULATION_TASK)
def run_simulation(*, progress: Progress, run_id: int) -> dict[str, int]:
    """Play a suite; a second run of the job plays only what is missing."""
    run = simulation_run(SimulationRun.objects.select_related("suite").get(pk=run_id), progress=progress)
    return {"run": run.pk, "passed": run.passed, "failed": run.failed}
