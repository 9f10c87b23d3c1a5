"""Conversations and their turns, each with the trace of how it came about."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from runtime import workflow
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.querysets import ConversationQuerySet, TurnQuerySet


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
    locale = models.CharField(max_length=35, blank=True, help_text="The customer's language (BCP 47).")
    api_key = models.ForeignKey("core.ApiKey", on_delete=models.PROTECT, related_name="+", null=True)
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    turn_count = models.PositiveIntegerField(default=0)
    clarifications_used = models.PositiveSmallIntegerField(default=0)
    human_requests = models.PositiveSmallIntegerField(default=0)
    context_start = models.PositiveIntegerField(
        default=0, help_text="Turns up to this number were settled by a person; the agent starts after them."
    )
    pilot_id = models.BigIntegerField(null=True, help_text="The pilot that has taken it, if one has.")
    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        help_text="The closed ticket whose messages these are; no customer is served by it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="conversation_newest"),
            models.Index(fields=["state", "-updated_at"], name="conversation_by_state"),
            models.Index(
                fields=["pilot_id", "-updated_at"],
                condition=Q(pilot_id__isnull=False),
                name="conversation_by_pilot",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pilot_id", "ticket"],
                condition=Q(ticket__isnull=False),
                name="one_replay_per_pilot_and_ticket",
            )
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
    pilot_id = models.BigIntegerField(null=True, help_text="The pilot in whose scope it was, if one ran.")
    decision = models.CharField(max_length=12, choices=Decision)
    reason = models.CharField(max_length=30)
    mode = models.CharField(max_length=6, choices=Mode)
    delivered = models.BooleanField()
    reply = models.TextField()
    sent_text = models.TextField(
        "sent instead",
        max_length=MAX_TEXT_CHARACTERS,
        blank=True,
        help_text="What people let through in the reply's place, in assist mode.",
    )
    intent = models.CharField(max_length=100, blank=True)
    confidence = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    is_fallback = models.BooleanField(null=True)
    alternatives = models.JSONField(default=list)
    citations = models.JSONField(default=list)
    options = models.JSONField(default=list)
    exclusion = models.JSONField(null=True)
    flow = models.JSONField(
        null=True, help_text="Where the turn left a flow: the step that waits, the slots still missing."
    )
    actions = models.JSONField(default=list, help_text="What was done in other systems.")
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

    objects = TurnQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["decision", "-id"], name="turn_by_decision"),
            models.Index(fields=["intent", "-id"], name="turn_by_intent"),
            models.Index(
                fields=["pilot_id", "id"], condition=Q(pilot_id__isnull=False), name="turn_by_pilot"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="one_turn_per_number"),
            models.CheckConstraint(
                condition=~Q(decision="escalate") | ~Q(rule_trigger=""), name="escalation_has_a_trigger"
            ),
        ]

    def __str__(self) -> str:
        return f"{str(self.conversation_id)[:8]} #{self.number}"

    @property
    def said(self) -> str:
        """What the customer got: the reply, what people let through in its place, or nothing."""
        return self.reply if self.delivered else self.sent_text


class Trace(models.Model):
    """How a turn came about: the facts it was decided on, and each step with its time and findings."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="trace", primary_key=True)
    facts = models.JSONField()
    steps = models.JSONField()
    total_ms = models.FloatField()

    def __str__(self) -> str:
        return f"trace of turn {self.turn_id}"
