"""Whether the agent resolved a conversation: pending, confirmed, assumed, withdrawn or not. Pure.

A customer who says that it helped confirms. One who falls silent after an answer is assumed content once the
waiting time is over; who comes back about it, rates it badly or reopens the ticket withdraws the resolution,
whenever that happens. What a person had to settle was never the agent's. Nothing is guessed: a conversation
that ends with a question of the agent's is abandoned, not resolved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WAIT = timedelta(hours=72)  # of silence, after which a resolution is assumed (Zendesk's and Intercom's too)
GOOD_CSAT, BAD_CSAT = 4, 2  # of 5


class Resolution(StrEnum):
    """What has become of a conversation, as far as the agent is concerned."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ASSUMED = "assumed"
    WITHDRAWN = "withdrawn"
    ESCALATED = "escalated"
    ABANDONED = "abandoned"


RESOLVED = frozenset({Resolution.CONFIRMED, Resolution.ASSUMED})


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation ended, as far as it has.

    ``answered``: the last thing that the agent said was an answer or a flow's end, no question.
    ``confirmed``: the customer said so, by word, thumb or a flow's last step. ``came_back``: the customer
    wrote about the same issue again, or the ticket was reopened.
    """

    last_at: datetime
    answered: bool
    escalated: bool = False
    confirmed: bool = False
    came_back: bool = False
    thumbs_down: bool = False
    csat: int | None = None  # 1 to 5


def resolution_of(ending: Ending, *, now: datetime, wait: timedelta = WAIT) -> Resolution:
    """Return the state of a conversation at ``now``."""
    if ending.escalated:
        return Resolution.ESCALATED
    is_bad = ending.thumbs_down or (ending.csat is not None and ending.csat <= BAD_CSAT)
    if ending.came_back or is_bad:
        return Resolution.WITHDRAWN
    if ending.confirmed or (ending.answered and ending.csat is not None and ending.csat >= GOOD_CSAT):
        return Resolution.CONFIRMED
    if now - ending.last_at < wait:
        return Resolution.PENDING
    return Resolution.ASSUMED if ending.answered else Resolution.ABANDONED
