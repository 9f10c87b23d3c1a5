"""The words with which a customer is handed over."""

from __future__ import annotations

from django.db import models

from escalation.models.rules import Rule


class HandoffTemplate(models.Model):
    """What a customer is told when a person takes over, per reason, tier and locale."""

    ANY_REASON = ""
    ANY_TIER = ""

    reason = models.CharField(
        max_length=30, blank=True, default=ANY_REASON, choices=Rule.Trigger, help_text="Empty: any reason."
    )
    tier = models.CharField(max_length=64, blank=True, default=ANY_TIER, help_text="Empty: any tier.")
    locale = models.CharField(
        max_length=35, default="en", help_text="Language, such as de; or narrower, such as de-AT."
    )
    body = models.TextField(
        max_length=1000, help_text="{wait_minutes} is filled in from the queue's history."
    )
    body_without_wait = models.TextField(
        max_length=1000, blank=True, help_text="Used while the queue's history is too short to name a number."
    )
    body_off_hours = models.TextField(
        max_length=1000, blank=True, help_text="Used while the team is closed; {opens_at} says when it opens."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["locale", "reason", "tier"]
        constraints = [
            models.UniqueConstraint(fields=["reason", "tier", "locale"], name="one_template_per_case")
        ]

    def __str__(self) -> str:
        said = f"{self.reason or 'any reason'}{f', {self.tier}' if self.tier else ''}"
        return f"{said} ({self.locale})"
