"""Background work of pilots."""

from __future__ import annotations

from core.jobs import Progress, handler
from pilot.corrections.collecting import COLLECT_TASK as CORRECTIONS_TASK
from pilot.corrections.collecting import corrections_collect
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect
from pilot.drafts.replies import replies_collect
from pilot.figures.weekly import FREEZE_TASK, weeks_freeze


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
