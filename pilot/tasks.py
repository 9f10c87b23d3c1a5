"""Background work of pilots."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.jobs import Progress, handler
from pilot.corrections.collecting import COLLECT_TASK as CORRECTIONS_TASK
from pilot.corrections.collecting import corrections_collect
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect
from pilot.drafts.replies import replies_collect
from pilot.figures.weekly import FREEZE_TASK, weeks_freeze
from pilot.models import SimulationRun
from pilot.replay.frozen import JUDGE_TASK, frozen_judge
from pilot.replay.rehearsing import REHEARSAL_TASK, rehearsal_week
from pilot.replay.running import TASK as REPLAY_TASK
from pilot.replay.running import replay_work
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


@handler(REPLAY_TASK)
def run_replay(*, progress: Progress, run_id: int) -> dict[str, Any]:
    """Replay closed tickets, read only; stopped anywhere, it goes on with those that have no result."""
    run = replay_work(run_id=run_id, progress=progress)
    return {"tickets": run.tickets, "seen": run.seen, "digest": run.digest}


@handler(REHEARSAL_TASK)
def play_rehearsal(
    *, progress: Progress, pilot_id: int, week: str, limit: int | None, follow_ups: bool, by: str
) -> dict[str, Any]:
    """Play one week of a rehearsal; a second run plays what is left of it."""
    return rehearsal_week(
        pilot_id=pilot_id,
        week=date.fromisoformat(week),
        limit=limit,
        follow_ups=follow_ups,
        by=by,
        progress=progress,
    ).as_json()


@handler(JUDGE_TASK)
def judge_frozen(*, progress: Progress, pilot_id: int) -> dict[str, Any]:
    """Ask the versions of a pilot's weeks and the live one; each is asked once."""
    return {"versions": frozen_judge(pilot_id=pilot_id, progress=progress)}
