"""Intents, and the phrasings that customers use for them, each with its origin."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from intents.querysets import ExampleQuerySet, IntentQuerySet
from intents.workflow import MAX_EXAMPLE_LENGTH


class Intent(models.Model):
    """One thing that customers want, in the words of the product."""

    class Resolution(models.TextChoices):
        AI_RESOLVABLE = "ai_resolvable", "AI-resolvable"
        AI_ASSISTED = "ai_assisted", "AI-assisted"
        HUMAN_ONLY = "human_only", "Human-only"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        ARCHIVED = "archived", "Archived"

    slug = models.CharField(
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Use small letters, digits and underscores.")],
        help_text="The name that bots see, such as account_access. It never changes.",
    )
    label = models.CharField(max_length=100, help_text="The name that people see, such as “Account access”.")
    description = models.TextField(
        blank=True, max_length=2_000, help_text="What belongs here, and what does not."
    )
    resolution = models.CharField(
        max_length=15, choices=Resolution, default=Resolution.AI_ASSISTED, help_text="Who may resolve it."
    )
    resolution_reason = models.CharField(
        max_length=500, blank=True, help_text="Why: what the ticket audit showed."
    )
    category = models.ForeignKey(
        "tickets.Category",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The category of the ticket audit that it comes from.",
    )
    owner = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IntentQuerySet.as_manager()

    class Meta:
        ordering = ["label", "slug"]
        indexes = [models.Index(fields=["state"], name="intent_state")]

    def __str__(self) -> str:
        return self.label


class Example(models.Model):
    """One phrasing of an intent, with where it comes from."""

    class Origin(models.TextChoices):
        TICKET = "ticket", "Ticket"
        REVIEW = "review", "Review"
        SYNTHETIC = "synthetic", "Synthetic"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, related_name="examples")
    text = models.CharField(max_length=MAX_EXAMPLE_LENGTH)
    text_hash = models.CharField(max_length=64, editable=False, db_index=True)
    origin = models.CharField(max_length=10, choices=Origin)
    source_ref = models.CharField(
        max_length=200, blank=True, help_text="Ticket, message or review that the customer's words come from."
    )
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    created_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ExampleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["intent", "state", "origin"], name="example_counts")]
        constraints = [
            models.UniqueConstraint(fields=["intent", "text_hash"], name="one_phrasing_per_intent"),
            models.CheckConstraint(
                condition=Q(origin="synthetic") | ~Q(source_ref=""), name="real_example_has_a_source"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
