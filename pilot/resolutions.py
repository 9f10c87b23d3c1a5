"""Whether the agent resolved a conversation: pending, confirmed, assumed, withdrawn or not. Pure.

A customer who says that it helped confirms. One who falls silent after an answer is assumed content once the
waiting time is over; who comes back about it, rates it badly or reopens the ticket withdraws the resolution,
whenever that happens. What a person had to settle was never the agent's. Nothing is guessed: a conversation
that ends with a question of the agent's is abandoned, not resolved.

Where people stand between agent and customer (shadow, assist) they say whether it would have been one:
what they all called correct is judged, what they changed is corrected, what they have not seen is pending.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from runtime.placement import ASSIST, SHADOW

WAIT = timedelta(hours=72)  # of silence, after which a resolution is assumed (Zendesk's and Intercom's too)
GOOD_CSAT, BAD_CSAT = 4, 2  # of 5


class Resolution(StrEnum):
    """What has become of a conversation, as far as the agent is concerned."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ASSUMED = "assumed"
    JUDGED = "judged"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    ESCALATED = "escalated"
    ABANDONED = "abandoned"
    NOT_SAMPLED = "not_sampled"


RESOLVED = frozenset({Resolution.CONFIRMED, Resolution.ASSUMED, Resolution.JUDGED})
SAYS = {
    Resolution.PENDING: "not decided yet: not reviewed, or not silent for long enough",
    Resolution.CONFIRMED: "the customer said that it helped",
    Resolution.ASSUMED: "answered, and the customer has been silent since",
    Resolution.JUDGED: "judged correct by a reviewer; nothing was sent",
    Resolution.WITHDRAWN: "the customer came back, rated it badly or reopened it, or a review faults it",
    Resolution.CORRECTED: "a reviewer changed or rejected what the agent wrote",
    Resolution.ESCALATED: "passed to a person, or would have been",
    Resolution.ABANDONED: "ended with a question of the agent's, or without an answer",
    Resolution.NOT_SAMPLED: "no draft of it was to be reviewed; it is in no rate",
}


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


@dataclass(frozen=True, slots=True)
class Handling:
    """What people did with the drafts of a conversation; ``mode`` is that of its last draft.

    ``sampled``: a draft of it was to be reviewed. ``reviewed``: each of these has been. ``corrected``: a
    standing review edited or rejected one or found a fault. ``sent``: the last draft went to the customer.
    """

    mode: str
    sampled: bool = True
    reviewed: bool = False
    corrected: bool = False
    sent: bool = False


def resolution_of(ending: Ending, *, now: datetime, wait: timedelta = WAIT) -> Resolution:
    """Return the state at ``now`` of a conversation that the agent had alone."""
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


def resolution_in_pilot(
    ending: Ending, handling: Handling, *, now: datetime, wait: timedelta = WAIT
) -> Resolution:
    """Return the state at ``now`` of a pilot's conversation.

    Shadow: by the reviews alone, since nothing was sent. Assist: a correction, then whether it has been sent,
    then as live. Live: as ``resolution_of``; a review that finds a fault withdraws a resolution.
    """
    if handling.mode == SHADOW:
        return _in_shadow(ending, handling)
    if ending.escalated:
        return Resolution.ESCALATED  # a person really was called
    if handling.mode == ASSIST:
        if handling.corrected:
            return Resolution.CORRECTED
        if not (handling.reviewed and handling.sent):
            return Resolution.PENDING
        return resolution_of(ending, now=now, wait=wait)
    found = resolution_of(ending, now=now, wait=wait)
    if handling.corrected and (found in RESOLVED or found == Resolution.PENDING):
        return Resolution.WITHDRAWN
    return found


def _in_shadow(ending: Ending, handling: Handling) -> Resolution:
    if not handling.sampled:
        return Resolution.NOT_SAMPLED
    if handling.corrected:
        return Resolution.CORRECTED
    if not handling.reviewed:
        return Resolution.PENDING
    if ending.escalated:
        return Resolution.ESCALATED
    return Resolution.JUDGED if ending.answered else Resolution.ABANDONED
