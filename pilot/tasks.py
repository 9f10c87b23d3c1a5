"""Background work of pilots."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.jobs import Progress, handler
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect
from pilot.replay.frozen import JUDGE_TASK, frozen_judge
from pilot.replay.rehearsing import REHEARSAL_TASK, rehearsal_week
from pilot.replay.running import TASK as REPLAY_TASK
from pilot.replay.running import replay_work


@handler(COLLECT_TASK)
def collect_drafts(*, progress: Progress) -> dict[str, int]:
    """Make drafts of the turns that pilots have taken; a second run finds nothing new."""
    return {"drafts": drafts_collect(progress=progress)}


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
