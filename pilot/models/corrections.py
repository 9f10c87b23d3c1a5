"""What a pilot proposes to learn. Nothing is trained or published before a person accepts it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from pilot import workflow
from pilot.models.drafts import Draft, Review


class Correction(models.Model):
    """One proposal: what to change, drawn from one draft.

    ``payload`` is what would be made of it (fields by kind, see pilot.corrections); ``result`` names what was
    made when it was accepted, so that it can be taken back.
    """

    class Kind(models.TextChoices):
        PHRASING = workflow.PHRASING, "A phrasing of an intent"
        ARTICLE = workflow.ARTICLE, "A draft of an article"
        RULE = workflow.RULE, "A draft of a rule"
        FLOW = workflow.FLOW, "A fix of a flow"
        VOICE = workflow.VOICE, "A voice rule"
        POSITIVE = workflow.POSITIVE, "A good answer as it was"

    class Source(models.TextChoices):
        REVIEW = workflow.FROM_REVIEW, "A review"
        NOT_UNDERSTOOD = workflow.NOT_UNDERSTOOD, "The agent did not understand"
        INCORRECT = workflow.INCORRECT, "An incorrect resolution"

    class State(models.TextChoices):
        PROPOSED = workflow.PROPOSED, "Proposed"
        ACCEPTED = workflow.ACCEPTED, "Accepted"
        DECLINED = workflow.DECLINED, "Declined"

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="corrections")
    review = models.ForeignKey(Review, on_delete=models.SET_NULL, related_name="+", null=True)
    source = models.CharField(max_length=14, choices=Source)
    kind = models.CharField(max_length=8, choices=Kind)
    priority = models.PositiveSmallIntegerField(default=workflow.USUAL_PRIORITY)
    title = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["priority", "-id"]
        permissions = [("decide_correction", "Can accept or decline corrections")]
        indexes = [models.Index(fields=["state", "priority", "id"], name="correction_queue")]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "source", "kind"], name="one_correction_per_draft_source_and_kind"
            ),
            models.CheckConstraint(
                condition=Q(state=workflow.PROPOSED) | Q(decided_at__isnull=False),
                name="decided_correction_has_a_time",
            ),
            models.CheckConstraint(condition=Q(priority__range=(1, 3)), name="correction_has_a_priority"),
        ]

    def __str__(self) -> str:
        return self.title
