"""How strict the knowledge base is when something is published: one row."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class PublishingPolicy(models.Model):
    """What a failed check does at publication: warn the person, or refuse. See kb.gate."""

    class Mode(models.TextChoices):
        WARN = "warn", "Warn"
        BLOCK = "block", "Block"

    readiness_mode = models.CharField(
        max_length=5, choices=Mode, default=Mode.WARN, help_text="When an article is not ready for machines."
    )
    questions_mode = models.CharField(
        max_length=5,
        choices=Mode,
        default=Mode.WARN,
        help_text="When too few of an article's test questions find it.",
    )

    review_every_days = models.PositiveSmallIntegerField(
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(3_650)],
        help_text="How long a published text counts as checked, where nobody names a day.",
    )
    reopen_after_signals = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(1_000)],
        help_text="So many new signals open a gap again that was dismissed or resolved.",
    )

    class Meta:
        verbose_name = "publishing policy"
        verbose_name_plural = "publishing policy"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="kb_one_publishing_policy")]

    def __str__(self) -> str:
        return "Publishing policy"
