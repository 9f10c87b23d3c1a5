"""What a rule may be limited to, from what is there and what was seen. Refuses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.ports import channels_seen
from intents.selectors import intent_profiles
from kb.access import TIER, USER_TYPE
from kb.selectors import audience_choices, product_pages

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Offered:
    """Values with their labels; channels and pages are examples, others may be typed."""

    intents: Choices
    user_types: Choices
    tiers: Choices
    channels: Sequence[str]
    pages: Sequence[str]


def offered_choices() -> Offered:
    """Return the intents, user types, plans, channels and pages of the workspace."""
    audiences = audience_choices()
    return Offered(
        intents=[(profile.slug, profile.label) for profile in intent_profiles()],
        user_types=audiences[USER_TYPE],
        tiers=audiences[TIER],
        channels=channels_seen(),
        pages=[page.path for page in product_pages()],
    )
