"""What crosses the border of the intents app."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IntentScore:
    """One intent's slug and its calibrated probability."""

    intent: str
    confidence: float


@dataclass(frozen=True, slots=True)
class NearestExample:
    """A training example close to the text; ``similarity`` is a cosine-like value in [-1, 1]."""

    id: int
    text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a message that has an intent of its own, with that intent's confidence."""

    text: str
    intent: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Classification:
    """What the live release says about a text.

    ``intent`` is always the most probable intent; ``is_fallback`` says that it must not be acted on because
    confidence is under ``threshold`` or the text looks like nothing the model knows. ``margin`` is the
    confidence of the first intent less that of the second. ``alternatives`` are the next ones, best first.
    ``segments`` are the parts of a message with two or more different intents, in order; empty for a message
    with one.
    """

    intent: str
    confidence: float
    is_fallback: bool
    threshold: float
    margin: float
    alternatives: tuple[IntentScore, ...]
    nearest_examples: tuple[NearestExample, ...]
    release: int
    model_version: int
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class IntentProfile:
    """What others need to know of an intent; ``resolution`` is ai_resolvable, ai_assisted or human_only.

    ``category_id`` is the category of the ticket audit that it comes from.
    """

    slug: str
    label: str
    description: str
    resolution: str
    category_id: int | None = None


@dataclass(frozen=True, slots=True)
class TermWeight:
    """A word or phrase of the text and how far it speaks for the intent (negative: against it)."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the live release says ``intent``: its strongest terms and the nearest training examples."""

    intent: str
    confidence: float
    terms: tuple[TermWeight, ...]
    nearest_examples: tuple[NearestExample, ...]
    release: int
    model_version: int


@dataclass(frozen=True, slots=True)
class IntentsSummary:
    """The state of step 3 in figures; ``trainable_intents`` have enough real examples."""

    active_intents: int
    trainable_intents: int
    real_examples: int
    synthetic_examples: int
    blockers: tuple[str, ...]
    live_release: int | None
    live_model_version: int | None
    live_accuracy: float | None
    live_macro_f1: float | None
    live_fallback_ratio: float | None
