"""Which reviews corrections have been drawn from. Kept so that none is missed and none counts twice."""

from __future__ import annotations

from django.db import models

from pilot.models.drafts import Review


class CollectedReview(models.Model):
    """A review that was read by pilot.corrections, and whether it had been taken back by then."""

    review = models.OneToOneField(
        Review, on_delete=models.CASCADE, primary_key=True, related_name="collected"
    )
    undone = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"review {self.review_id}"
