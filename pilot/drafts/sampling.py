"""Which drafts are reviewed, by how many people, and which of them first. Pure, and the same each time.

A draw depends on the turn alone, so nobody can choose; what the agent did not understand comes first.
"""

from __future__ import annotations

import hashlib

from escalation.triggers import LOW_CONFIDENCE, NO_ANSWER
from pilot import workflow
from runtime.placement import ASSIST

NOT_UNDERSTOOD = frozenset((LOW_CONFIDENCE, NO_ANSWER))


def is_understood(reason: str) -> bool:
    """Tell whether the agent knew what was meant and had an answer; ``reason`` is the turn's."""
    return reason not in NOT_UNDERSTOOD


def reviews_wanted(*, turn_id: int, mode: str, review_percent: int, double_percent: int) -> int:
    """Return by how many people a draft is reviewed: 0, 1 or 2. What waits to be sent always is."""
    if mode != ASSIST and _share(turn_id, "review") >= review_percent:
        return 0
    return 2 if _share(turn_id, "double") < double_percent else 1


def priority_of(reason: str) -> int:
    """Return the place in the queue, 1 first."""
    return workflow.USUAL_PRIORITY if is_understood(reason) else workflow.HIGHEST_PRIORITY


def _share(turn_id: int, purpose: str) -> float:
    """Return a number from 0 to 100 that only the turn decides."""
    digest = hashlib.sha256(f"{purpose}:{turn_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100
