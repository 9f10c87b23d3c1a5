"""What the agent says in words of its own, offered to the knowledge base to hold it to the brand's voice."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from intents.selectors import intent_profiles
from kb.ports import CustomerText
from runtime.replies import own_words

REPLIES, CHOICES = "The agent's own replies", "Choices in its questions"


def replies() -> Iterator[CustomerText]:
    """Yield the questions and refusals that are part of the product."""
    return (CustomerText(name, text) for name, text in own_words().items())


def choices() -> Iterator[CustomerText]:
    """Yield the intents' labels, between which a customer is asked to choose."""
    intents = reverse("admin:intents_intent_changelist")
    for profile in intent_profiles():
        yield CustomerText(profile.label, profile.label, f"{intents}?{urlencode({'q': profile.slug})}")
