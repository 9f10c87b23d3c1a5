"""What the tagging inbox shows and takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intents.tagging import workflow


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the live model said of a message: intent slugs with confidences, and the versions that said it."""

    slug: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    release: int
    model_version: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One message for one person. Nothing in it tells whether it is given twice, or tests the person."""

    item_id: int
    text: str
    ticket_id: int
    source_ref: str
    category: str
    closed_at: datetime
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says: an intent by slug, off-topic, a skip with or without a reason, or a new intent."""

    kind: str
    slug: str = ""
    reason: str = ""
    label: str = ""
    description: str = ""

    @classmethod
    def intent(cls, slug: str) -> Answer:
        """Say that the message wants this intent."""
        return cls(workflow.INTENT, slug=slug)

    @classmethod
    def off_topic(cls) -> Answer:
        """Say that no intent will ever cover it."""
        return cls(workflow.OFF_TOPIC)

    @classmethod
    def skip(cls, reason: str = "") -> Answer:
        """Say that it teaches nothing, and why; without a reason somebody else gets it."""
        return cls(workflow.SKIP, reason=reason)

    @classmethod
    def new_intent(cls, label: str, description: str = "") -> Answer:
        """Say that an intent is missing."""
        return cls(workflow.PROPOSAL, label=label, description=description)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person is: decided today, left for them, and waiting for somebody else."""

    today: int
    left: int
    awaiting_second: int
    awaiting_lead: int


@dataclass(frozen=True, slots=True)
class IntentChoice:
    """An intent that can be chosen; ``real`` phrasings that it has."""

    slug: str
    label: str
    description: str
    real: int
    is_draft: bool


@dataclass(frozen=True, slots=True)
class InboxSummary:
    """The inbox in figures; ``outdated`` messages wait with what another release than the live one said."""

    waiting: int
    awaiting_second: int
    awaiting_lead: int
    decided: int
    off_topic: int
    without_suggestion: int
    outdated: int
