"""How the agent's answers begin and end: one row, which a lead writes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from runtime.drafting import contracts

LINE_LENGTH = 200


class DraftVoice(models.Model):
    """What surrounds every answer. What an answer says of the product is its article's. One row."""

    class Heading(models.TextChoices):
        SECTION = contracts.SECTION, "The section's heading"
        FULL = contracts.FULL, "The article's title and the section's heading"

    class SourceLine(models.TextChoices):
        SOURCE = contracts.SOURCE, "Source: …"
        MORE = contracts.MORE, "More about this: …"
        READ_ON = contracts.READ_ON, "Read on: …"

    opening = models.CharField(
        max_length=LINE_LENGTH,
        blank=True,
        help_text="Stands before an answer. Empty: the answer comes at once.",
    )
    opening_steps = models.CharField(
        "opening of steps",
        max_length=LINE_LENGTH,
        blank=True,
        help_text="Stands before numbered steps. Empty: the opening above.",
    )
    closing = models.CharField(
        max_length=LINE_LENGTH, blank=True, help_text="Stands after an answer, before its source."
    )
    heading = models.CharField(
        max_length=7,
        choices=Heading,
        default=Heading.SECTION,
        help_text="Stands above the answer, because it may say what a list below it is a list of.",
    )
    source_line = models.CharField(max_length=7, choices=SourceLine, default=SourceLine.SOURCE)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "voice of answers"
        verbose_name_plural = "voice of answers"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="runtime_one_draft_voice")]

    def __str__(self) -> str:
        return "Voice of answers"
