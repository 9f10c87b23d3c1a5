"""Reports on the health of the data set, findings that people chose to ignore, and merged intents.

A report holds ids and figures, never texts: what is shown is read from the rows as they are now.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

REASON_LENGTH = 500


class HealthReport(models.Model):
    """One check of all active phrasings; ``fingerprint`` says of which."""

    fingerprint = models.CharField(max_length=64, editable=False)
    content = models.JSONField(editable=False)
    seconds = models.FloatField(editable=False)
    requested_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Health report {self.pk}"


class IgnoredFinding(models.Model):
    """A finding that somebody looked at and let stand, and why.

    ``key`` names the texts and intents of the finding, so that it comes back when one of them changes.
    """

    class Kind(models.TextChoices):
        CONFLICT = "conflicts", "Conflict between intents"
        LABEL_ERROR = "label-errors", "Probable label error"
        REPETITION = "repetitions", "Repetition"
        HARMFUL = "harmful", "Harmful phrasing"
        STALE = "stale", "Stale phrasing"
        MERGE = "merges", "Intents to merge"

    kind = models.CharField(max_length=12, choices=Kind)
    key = models.CharField(max_length=200)
    reason = models.CharField(max_length=REASON_LENGTH)
    ignored_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    ignored_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(taken_back_at=None), name="finding_ignored_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="ignored_finding_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, ignored"


class IntentMerge(models.Model):
    """An intent whose phrasings went into another one; enough to take it back."""

    source = models.ForeignKey("intents.Intent", on_delete=models.CASCADE, related_name="+")
    into = models.ForeignKey("intents.Intent", on_delete=models.CASCADE, related_name="+")
    source_state = models.CharField(max_length=10)
    moved = models.JSONField(default=list, help_text="Ids of the examples that moved.")
    categories = models.JSONField(
        default=list, help_text="Ids of the categories that the other serves since."
    )
    test_phrases = models.JSONField(default=list, help_text="Ids of the test phrases that moved.")
    merged_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.source} into {self.into}"
