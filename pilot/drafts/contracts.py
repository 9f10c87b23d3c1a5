"""What the review desk shows and takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kb.diff import Change
from pilot.models import Review


@dataclass(frozen=True, slots=True)
class Line:
    """One message before the draft: ``role`` is customer, agent, person, or draft for what nobody got."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """One citation of a draft."""

    article_id: int | None
    revision_id: int | None
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class FlowShown:
    """Where a flow stands: the step that waits, what is missing, what the customer has given so far."""

    title: str
    version: int | None
    step: str
    missing: tuple[str, ...]
    slots: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """One draft for one person. Nothing in it tells whether it is given twice, or what others said.

    ``sends``: approving or editing sends it; ``sends_note`` says what happens otherwise. ``undone`` names
    actions that were only rehearsed. ``human_text`` is what a person really answered, where that is known;
    ``human_diff`` is empty where it shares too little with the draft to be compared.
    """

    draft_id: int
    turn_id: int
    conversation_id: str
    pilot: str
    mode: str
    first: bool
    sends: bool
    sends_note: str
    lines: tuple[Line, ...]
    omitted: int
    text: str
    draft: str
    decision: str
    decision_label: str
    reason: str
    rule: str
    matched_text: str
    intent: str
    confidence: float | None
    threshold: float | None
    alternatives: tuple[tuple[str, float], ...]
    options: tuple[str, ...]
    sources: tuple[Source, ...]
    written: tuple[str, ...]
    flow: FlowShown | None
    actions: tuple[tuple[str, str, str], ...]
    undone: tuple[str, ...]
    customer: tuple[tuple[str, str], ...]
    tier: str
    ticket_id: int | None
    human_text: str
    human_via: str
    human_diff: tuple[tuple[Change, str], ...]
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review as it is kept, whether it was kept before, and whether its text went to the customer."""

    review: Review
    is_new: bool
    sent: bool
    sends_note: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person is: reviewed today, this week, and left for them."""

    today: int
    week: int
    left: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Drafts of a week or a whole pilot: all, in the sample, reviewed, and (to be) reviewed twice."""

    week: str
    all: int
    in_sample: int
    reviewed: int
    double: int
    reviewed_twice: int


@dataclass(frozen=True, slots=True)
class ReviewerCount:
    """How many standing reviews a person gave today, this week and in all."""

    person: str
    today: int
    week: int
    all: int
