"""Reviews as the desk keeps them, for the tests of what becomes of them."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from core.models import User
from pilot.models import Draft, Review


def say_of(draft: Draft, verdict: str = "correct", *, by: str = "kim", text: str = "", **more: Any) -> Review:
    """Keep a review as the desk does: approved where it is correct and no text is given."""
    approved = verdict == "correct" and not text and "outcome" not in more
    fields = {
        "outcome": "approved" if approved else "edited" if text else "rejected",
        "role": "first",
        "final_text": text,
        "seconds": 3,
    }
    person, _ = User.objects.get_or_create(username=by)
    return Review.objects.create(
        key=uuid.uuid4(),
        draft=draft,
        person=person,
        person_name=by,
        verdict=verdict,
        **(fields | more),
    )


def undo(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(undone_at=timezone.now())
