"""Questions to drafts and reviews that read as English. Writes nothing."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from pilot import workflow
from pilot.models import Draft, Review
from runtime.placement import ASSIST

ORDER = ("priority", "happened_at", "id")


def waiting(pilot_id: int | None = None) -> QuerySet[Draft]:
    """Return the drafts that still want a review; of a live pilot that has ended none does."""
    drafts = Draft.objects.filter(missing__gt=0)
    drafts = drafts.exclude(pilot__source=workflow.LIVE_SOURCE, pilot__state=workflow.ENDED)
    return drafts if pilot_id is None else drafts.filter(pilot=pilot_id)


def not_reviewed_by(drafts: QuerySet[Draft], person_id: int) -> QuerySet[Draft]:
    """Leave out drafts of which this person has said something that stands."""
    mine = standing().filter(draft=OuterRef("pk"), person=person_id)
    return drafts.exclude(Exists(mine))


def standing() -> QuerySet[Review]:
    """Return the reviews that were not taken back."""
    return Review.objects.filter(undone_at=None)


def visible_reviews(reviews: QuerySet[Any], person_id: int) -> QuerySet[Any]:
    """Keep a person's own reviews and those of drafts about which they cannot be asked any more.

    So a second opinion stays blind, whoever gives it.
    """
    mine = Review.objects.filter(draft=OuterRef("draft"), person=person_id, undone_at=None)
    return reviews.filter(Q(person=person_id) | Q(draft__missing=0) | Exists(mine))


def reviewed_first() -> Exists:
    """Return the condition that a draft has its first review."""
    return Exists(standing().filter(draft=OuterRef("pk"), role=workflow.FIRST))


def to_be_sent() -> QuerySet[Draft]:
    """Return the drafts of the stage “assist” on which nobody has decided yet."""
    return Draft.objects.filter(~reviewed_first(), mode=ASSIST, sent_at=None)
