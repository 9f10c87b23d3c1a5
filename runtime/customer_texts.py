"""What the agent says in words of its own, offered to the knowledge base to hold it to the brand's voice."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from intents.selectors import intent_profiles
from kb.ports import CustomerText
from runtime.drafting.voice_row import LINES, draft_voice_row
from runtime.flows import texts
from runtime.flows.selectors import flow_lines
from runtime.replies import own_words

ANSWER_LINES = "Lines around answers"
REPLIES, CHOICES = "The agent's own replies", "Choices in its questions"
FLOWS = "Resolution flows"


def replies() -> Iterator[CustomerText]:
    """Yield the questions and refusals that are part of the product."""
    return (CustomerText(name, text) for name, text in {**own_words(), **texts.own_words()}.items())


def lines_around_answers() -> Iterator[CustomerText]:
    """Yield what stands before and behind every answer."""
    row, url = draft_voice_row(), reverse("admin:runtime_draftvoice_changelist")
    return (
        CustomerText(title, getattr(row, name), url) for name, title in LINES.items() if getattr(row, name)
    )


def lines_of_flows() -> Iterator[CustomerText]:
    """Yield every question and sentence of the flows, each leading to its editor."""
    for name, text, flow_id in flow_lines():
        yield CustomerText(name, text, reverse("admin:runtime_resolutionflow_change", args=(flow_id,)))


def choices() -> Iterator[CustomerText]:
    """Yield the intents' labels, between which a customer is asked to choose."""
    intents = reverse("admin:intents_intent_changelist")
    for profile in intent_profiles():
        yield CustomerText(profile.label, profile.label, f"{intents}?{urlencode({'q': profile.slug})}")
