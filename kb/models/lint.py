"""What the linter found in a revision, and the words that the brand does and does not use."""

from __future__ import annotations

from django.db import models

from kb.models.articles import Revision


class RevisionLint(models.Model):
    """The findings of one revision as they were when it was linted; made anew where the rules have changed.

    ``findings`` is [{"rule", "severity", "line", "column", "message"}, …].
    """

    revision = models.OneToOneField(Revision, on_delete=models.CASCADE, primary_key=True, related_name="lint")
    errors = models.PositiveIntegerField()
    warnings = models.PositiveIntegerField()
    notes = models.PositiveIntegerField()
    vague = models.PositiveIntegerField()
    asks_a_clear_question = models.BooleanField()
    findings = models.JSONField()
    version = models.PositiveIntegerField(help_text="Of the linter.")
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.errors} errors in {self.revision_id}"


class VoiceTerm(models.Model):
    """A word or phrase that the brand does not use, and what it says instead."""

    unwanted = models.CharField("we don't say", max_length=60, unique=True)
    instead = models.CharField("we say", max_length=60, blank=True, help_text="Empty: leave it out.")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "voice term"
        ordering = ["unwanted"]

    def __str__(self) -> str:
        return f"{self.unwanted} → {self.instead or 'nothing'}"
