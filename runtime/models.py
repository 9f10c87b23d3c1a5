"""Conversations, their turns with evidence, handoffs to people, and what customers thought of it."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from escalation.triggers import TRIGGERS
from runtime import workflow
from runtime.contracts import MAX_TEXT_CHARACTERS

# Why a person takes over: one reason per trigger.
REASONS = [(name, trigger.label) for name, trigger in TRIGGERS.items()]


class Conversation(models.Model):
    """One customer's exchange with the agent on one channel. Written by runtime.services only."""

    class State(models.TextChoices):
        OPEN = workflow.OPEN, "With the agent"
        WAITING_FOR_HUMAN = workflow.WAITING_FOR_HUMAN, "Waiting for a person"
        WITH_HUMAN = workflow.WITH_HUMAN, "With a person"
        CLOSED = workflow.CLOSED, "Closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=32, db_index=True)
    customer_external_id = models.CharField(max_length=128, blank=True, db_index=True)
    user_type = models.CharField(max_length=64, blank=True)
    tier = models.CharField(max_length=64, blank=True)
    customer_verified = models.BooleanField(
        default=False, help_text="Whether the one who named the customer was entitled to know."
    )
    api_key = models.ForeignKey("core.ApiKey", on_delete=models.PROTECT, related_name="+", null=True)
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    turn_count = models.PositiveIntegerField(default=0)
    clarifications_used = models.PositiveSmallIntegerField(default=0)
    human_requests = models.PositiveSmallIntegerField(default=0)
    context_start = models.PositiveIntegerField(
        default=0, help_text="Turns up to this number were settled by a person; the agent starts after them."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="conversation_newest"),
            models.Index(fields=["state", "-updated_at"], name="conversation_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {str(self.id)[:8]}"


class Turn(models.Model):
    """One message and what the agent decided about it."""

    class Decision(models.TextChoices):
        ANSWER = "answer", "Answer"
        CLARIFY = "clarify", "Clarify"
        ACT = "act", "Act"
        ESCALATE = "escalate", "Escalate"
        OUT_OF_SCOPE = "out_of_scope", "Out of scope"
        NOT_IN_PILOT = "not_in_pilot", "Not in pilot"

    class Mode(models.TextChoices):
        SHADOW = "shadow", "Shadow"
        ASSIST = "assist", "Assist"
        LIVE = "live", "Live"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    text = models.TextField(max_length=MAX_TEXT_CHARACTERS)
    page = models.CharField(max_length=500, blank=True)
    decision = models.CharField(max_length=12, choices=Decision)
    reason = models.CharField(max_length=30)
    mode = models.CharField(max_length=6, choices=Mode)
    delivered = models.BooleanField()
    reply = models.TextField()
    intent = models.CharField(max_length=100, blank=True)
    confidence = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    is_fallback = models.BooleanField(null=True)
    alternatives = models.JSONField(default=list)
    citations = models.JSONField(default=list)
    options = models.JSONField(default=list)
    exclusion = models.JSONField(null=True)
    release = models.PositiveIntegerField(null=True)
    model_version = models.PositiveIntegerField(null=True)
    index_version = models.BigIntegerField(null=True)
    rule_set_version = models.PositiveIntegerField(null=True)
    rule_kind = models.CharField(max_length=4, blank=True)
    rule_trigger = models.CharField(max_length=30, blank=True)
    rule_id = models.BigIntegerField(null=True)
    rule_version = models.PositiveIntegerField(null=True)
    matched_text = models.TextField(blank=True)
    wait_estimate_seconds = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["decision", "-id"], name="turn_by_decision"),
            models.Index(fields=["intent", "-id"], name="turn_by_intent"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="one_turn_per_number"),
            models.CheckConstraint(
                condition=~Q(decision="escalate") | ~Q(rule_trigger=""), name="escalation_has_a_trigger"
            ),
        ]

    def __str__(self) -> str:
        return f"{str(self.conversation_id)[:8]} #{self.number}"


class Trace(models.Model):
    """How a turn came about: the facts it was decided on, and each step with its time and findings."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="trace", primary_key=True)
    facts = models.JSONField()
    steps = models.JSONField()
    total_ms = models.FloatField()

    def __str__(self) -> str:
        return f"trace of turn {self.turn_id}"


class Handoff(models.Model):
    """A conversation passed to a person, with all that the person needs to know."""

    class State(models.TextChoices):
        REQUESTED = workflow.REQUESTED, "Requested"
        QUEUED = workflow.QUEUED, "Queued"
        ACCEPTED = workflow.ACCEPTED, "Accepted"
        RESOLVED = workflow.RESOLVED, "Resolved"
        RETURNED = workflow.RETURNED, "Returned to the agent"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="handoffs")
    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="handoff")
    reason = models.CharField(max_length=30, choices=REASONS, db_index=True)
    rule_kind = models.CharField(max_length=4)
    rule_trigger = models.CharField(max_length=30)
    rule_id = models.BigIntegerField(null=True)
    rule_version = models.PositiveIntegerField(null=True)
    matched_text = models.TextField(blank=True)
    packet = models.JSONField()
    complete = models.BooleanField(help_text="Whether the packet holds everything that its schema asks for.")
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField(db_index=True)
    queued_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=150, blank=True)
    finished_at = models.DateTimeField(null=True)
    finished_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(max_length=2000, blank=True, help_text="What the person says about the outcome.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "-id"], name="handoff_by_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state__in=workflow.OPEN_HANDOFF),
                name="one_open_handoff_per_conversation",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="handoff_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"handoff {self.pk} ({self.get_reason_display()})"


class Feedback(models.Model):
    """What came back about one turn; later news about the same turn is added to the same row."""

    class Rating(models.TextChoices):
        UP = "up", "Thumbs up"
        DOWN = "down", "Thumbs down"

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="feedback")
    rating = models.CharField(max_length=4, choices=Rating, blank=True)
    csat = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    reopened = models.BooleanField(null=True, blank=True)
    comment = models.TextField(max_length=2000, blank=True)
    given_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "feedback"
        constraints = [
            models.CheckConstraint(condition=Q(csat=None) | Q(csat__range=(1, 5)), name="csat_is_one_to_five")
        ]

    def __str__(self) -> str:
        return f"feedback on turn {self.turn_id}"
