"""Background work of pilots."""

from __future__ import annotations

from core.jobs import Progress, handler
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect
from pilot.figures.weekly import FREEZE_TASK, weeks_freeze


@handler(COLLECT_TASK)
def collect_drafts(*, progress: Progress) -> dict[str, int]:
    """Make drafts of the turns that pilots have taken; a second run finds nothing new."""
    return {"drafts": drafts_collect(progress=progress)}


@handler(FREEZE_TASK)
def freeze_weeks(*, progress: Progress) -> dict[str, int]:
    """Freeze the figures of full weeks; a second run finds nothing new."""
    return {"weeks": weeks_freeze(progress=progress)}
