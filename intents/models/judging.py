"""Texts that no training sees, and what each version answered to them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from intents.models.definitions import Example, Intent
from intents.models.training import ModelVersion
from intents.workflow import MAX_EXAMPLE_LENGTH


class EvaluationCase(models.Model):
    """A test phrase: a text with the intent that it means. No training ever takes it.

    Without an intent it is off-topic: it should fall back.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    text = models.CharField(max_length=MAX_EXAMPLE_LENGTH)
    text_hash = models.CharField(max_length=64, unique=True, editable=False)
    intent = models.ForeignKey(
        Intent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="What it means. Empty: nothing of ours, it should fall back.",
    )
    must_pass = models.BooleanField(
        default=False, help_text="A version that answers this one wrongly cannot go live."
    )
    origin = models.CharField(max_length=10, choices=Example.Origin)
    source_ref = models.CharField(
        max_length=200, blank=True, help_text="Ticket, message or review that the words come from."
    )
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    created_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "test phrase"
        indexes = [models.Index(fields=["state", "intent"], name="cases_by_intent")]
        constraints = [
            models.CheckConstraint(
                condition=Q(origin="synthetic") | ~Q(source_ref=""), name="real_case_has_a_source"
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class CaseRun(models.Model):
    """A version's answers to the test phrases as they were: ``cases_sha256`` names their exact set.

    ``rows`` is [[case id, predicted slug, confidence, falls back], …].
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    cases_sha256 = models.CharField(max_length=64)
    rows = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "cases_sha256"], name="one_run_per_version_and_cases")
        ]

    def __str__(self) -> str:
        return f"Answers of {self.version} to {len(self.rows)} test phrases"


class HeldOutRun(models.Model):
    """A version's answers to its own examples, each by a model that had not seen it.

    ``rows`` is [[example id, expected slug, predicted slug, confidence, falls back], …].
    """

    version = models.OneToOneField(
        ModelVersion, on_delete=models.CASCADE, related_name="held_out", primary_key=True
    )
    rows = models.JSONField()

    def __str__(self) -> str:
        return f"Held-out answers of {self.version}"
