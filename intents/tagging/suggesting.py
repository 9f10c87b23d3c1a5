"""What the live model says about messages: asked when the inbox is filled, and anew when one is given out.

A suggestion is no label; it is kept with the release that made it.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Unavailable
from intents.contracts import Classification
from intents.inference import classify_all
from intents.models import TaggingItem
from intents.selectors import live_release

SUGGESTED = ("suggested_slug", "confidence", "margin", "alternatives", "release", "model_version")


def suggest(item: TaggingItem, answer: Classification) -> None:
    """Put the answer into the row; saves nothing."""
    item.suggested_slug = answer.intent
    item.confidence, item.margin = round(answer.confidence, 4), round(answer.margin, 4)
    item.alternatives = [[score.intent, round(score.confidence, 4)] for score in answer.alternatives]
    item.release, item.model_version = answer.release, answer.model_version


def suggestions_renew(items: Sequence[TaggingItem]) -> None:
    """Ask the live model about the few that another release was asked about, or none, and keep its answers.

    Where none is live, or its file cannot be used, they stay as they are.
    """
    live = live_release()
    stale = [item for item in items if live is not None and item.release != live.number]
    if not stale:
        return
    try:
        answers = classify_all([item.text for item in stale])
    except Unavailable:
        return
    for item, answer in zip(stale, answers, strict=True):
        suggest(item, answer)
    TaggingItem.objects.bulk_update(stale, SUGGESTED)
