"""Which categories of the ticket audit an intent serves, which are left out, and limits that were overridden.

An intent comes from one category (its own field) and may serve further ones. A decision to leave a category
out is kept when it is taken back.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

REASON_LENGTH = 500


class ServedCategory(models.Model):
    """A further category whose tickets an intent answers, besides the one that it comes from."""

    intent = models.ForeignKey("intents.Intent", on_delete=models.CASCADE, related_name="+")
    category = models.ForeignKey("tickets.Category", on_delete=models.CASCADE, related_name="+")
    mapped_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    mapped_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "served categories"
        constraints = [
            models.UniqueConstraint(fields=["intent", "category"], name="intent_serves_a_category_once")
        ]

    def __str__(self) -> str:
        return f"{self.intent} serves {self.category}"


class OutOfScopeCategory(models.Model):
    """A decision that the agent does not deal with a category, and why; it holds until it is taken back."""

    category = models.ForeignKey("tickets.Category", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=REASON_LENGTH)
    decided_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "categories out of scope"
        constraints = [
            models.UniqueConstraint(
                fields=["category"], condition=Q(taken_back_at=None), name="one_scope_decision_per_category"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="out_of_scope_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.category} is out of scope"


class IntentLimitOverride(models.Model):
    """An intent that a support lead activated beyond the limit, with the figures of that moment and why."""

    intent = models.ForeignKey("intents.Intent", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=REASON_LENGTH)
    active_intents = models.PositiveIntegerField(help_text="How many were active before this one.")
    live_interactions = models.PositiveIntegerField()
    made_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("override_intent_limit", "Can activate intents beyond the limit before the pilot")]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.intent}, beyond the limit"
