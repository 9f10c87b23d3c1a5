"""Background work of pilots."""

from __future__ import annotations

from core.jobs import Progress, handler
from pilot.drafts.collecting import COLLECT_TASK, drafts_collect


@handler(COLLECT_TASK)
def collect_drafts(*, progress: Progress) -> dict[str, int]:
    """Make drafts of the turns that pilots have taken; a second run finds nothing new."""
    return {"drafts": drafts_collect(progress=progress)}
