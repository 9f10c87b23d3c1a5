"""What the page of verdicts shows and takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation: ``role`` is customer or agent."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One turn for one person. Nothing in it tells whether it is given twice, or what others said."""

    sampled_id: int
    turn_id: int
    conversation_id: str
    lines: tuple[Line, ...]
    omitted: int
    text: str
    reply: str
    decision: str
    decision_label: str
    escalated: bool
    reason_label: str
    rule: str
    matched_text: str
    intent: str
    confidence: float | None
    citations: tuple[str, ...]
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person is: judged today, and left for them."""

    today: int
    left: int
