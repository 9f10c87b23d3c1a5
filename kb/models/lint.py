"""What the linter found in a revision, and the brand's voice: its words, its tone, its sample replies."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kb.models.articles import Revision

TONE_LENGTH, SAMPLE_LENGTH = 2_000, 1_500


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


class VoiceGuide(models.Model):
    """How the brand speaks: its tone, and three replies as it would write them. One row."""

    tone = models.TextField(
        max_length=TONE_LENGTH,
        blank=True,
        help_text="In a few sentences: how we speak to customers, and how we do not.",
    )
    sample_1 = models.TextField(
        "first sample reply",
        max_length=SAMPLE_LENGTH,
        blank=True,
        help_text="A reply just as you would send it.",
    )
    sample_2 = models.TextField("second sample reply", max_length=SAMPLE_LENGTH, blank=True)
    sample_3 = models.TextField("third sample reply", max_length=SAMPLE_LENGTH, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "voice guide"
        verbose_name_plural = "voice guide"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="kb_one_voice_guide")]

    def __str__(self) -> str:
        return "Voice guide"

    @property
    def samples(self) -> list[str]:
        """The sample replies that are written."""
        return [text for text in (self.sample_1, self.sample_2, self.sample_3) if text]
