"""Background work of the runtime: telling the knowledge base what conversations showed."""

from __future__ import annotations

from typing import Any

from core.actors import Actor
from core.jobs import Progress, handler
from kb.gaps.collecting import COLLECT_TASK, tickets_collect
from kb.gaps.resolving import gaps_check
from runtime.learning import turns_collect, votes_collect

ACTOR = Actor.system(COLLECT_TASK)


@handler(COLLECT_TASK)
def collect(*, progress: Progress) -> dict[str, Any]:
    """Read what is new in turns, feedback and tickets, then look which gaps are closed by now.

    Stopped anywhere it goes on where it was; a second run finds nothing new.
    """
    done = turns_collect(actor=ACTOR, progress=progress)
    done |= votes_collect(actor=ACTOR)
    done |= tickets_collect(actor=ACTOR, progress=progress)
    return done | {"resolved": gaps_check(actor=ACTOR)}
