"""Conversations passed to a person, and what came back about a turn."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from escalation.triggers import TRIGGERS
from runtime import workflow
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.models.conversations import Conversation, Turn
from runtime.querysets import FeedbackQuerySet

# Why a person takes over: one reason per trigger.
REASONS = [(name, trigger.label) for name, trigger in TRIGGERS.items()]


class MessageSender(models.TextChoices):
    """Who writes while the agent is silent."""

    HUMAN = "human", "A person of the team"
    CUSTOMER = "customer", "The customer"
    AGENT = "agent", "The agent, to confirm what it was told"


class Handoff(models.Model):
    """A conversation passed to a person, with all that the person needs to know."""

    class State(models.TextChoices):
        REQUESTED = workflow.REQUESTED, "Requested"
        QUEUED = workflow.QUEUED, "Queued"
        ACCEPTED = workflow.ACCEPTED, "Accepted"
        RESOLVED = workflow.RESOLVED, "Resolved"
        RETURNED = workflow.RETURNED, "Returned to the agent"

    class Outcome(models.TextChoices):
        AS_ANSWERED = "as_answered", "Solved with the agent's answer"
        OTHERWISE = "otherwise", "Solved otherwise"
        CUSTOMER_GONE = "customer_gone", "The customer is gone"
        DUPLICATE = "duplicate", "Duplicate of another case"
        NOT_AN_ISSUE = "not_an_issue", "Not an issue"

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
    team = models.ForeignKey("escalation.Team", on_delete=models.PROTECT, related_name="+", null=True)
    requested_hour = models.PositiveSmallIntegerField(
        null=True, help_text="The hour of the team's clock in which it was requested; waits are told by it."
    )
    off_hours = models.BooleanField(
        default=False, help_text="Whether nobody of the team was there when it was requested."
    )
    contact_asked_at = models.DateTimeField(
        null=True, help_text="When the customer was asked for an e-mail address; it is asked for once."
    )
    contact_email = models.EmailField(
        max_length=254, blank=True, help_text="Where the customer wants the answer."
    )
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField(db_index=True)
    queued_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=150, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        help_text="Whose case it is at the desk; empty where another system has taken it.",
    )
    message_count = models.PositiveIntegerField(default=0)
    last_sender = models.CharField(
        max_length=8, choices=MessageSender, blank=True, help_text="Who wrote last."
    )
    finished_at = models.DateTimeField(null=True)
    finished_by = models.CharField(max_length=150, blank=True)
    outcome = models.CharField(max_length=15, choices=Outcome, blank=True, help_text="How it was resolved.")
    note = models.TextField(max_length=2000, blank=True, help_text="What the person says about the outcome.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "-id"], name="handoff_by_state"),
            models.Index(fields=["team", "requested_hour", "requested_at"], name="handoff_waits_of_team"),
            models.Index(
                fields=["requested_at"],
                condition=Q(accepted_at__isnull=True, finished_at__isnull=True),
                name="handoff_waiting",
            ),
            models.Index(fields=["requested_hour", "requested_at"], name="handoff_waits_by_hour"),
            models.Index(fields=["assignee", "state"], name="handoff_by_assignee"),
        ]
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


class HandoffMessage(models.Model):
    """What a person and the customer write to each other once the agent is silent."""

    Sender = MessageSender

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="messages")
    sender = models.CharField(max_length=8, choices=Sender)
    text = models.TextField(max_length=MAX_TEXT_CHARACTERS)
    sent_by = models.CharField(
        max_length=150,
        blank=True,
        help_text="The person; empty for the customer.",
    )
    sent_at = models.DateTimeField(auto_now_add=True)
    key = models.UUIDField(null=True, editable=False, help_text="The same for every try to send it.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["handoff", "id"], name="handoff_messages_in_order")]
        constraints = [models.UniqueConstraint(fields=["handoff", "key"], name="one_message_per_key")]

    def __str__(self) -> str:
        return f"message {self.pk} of handoff {self.handoff_id}"


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

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "feedback"
        constraints = [
            models.CheckConstraint(condition=Q(csat=None) | Q(csat__range=(1, 5)), name="csat_is_one_to_five")
        ]

    def __str__(self) -> str:
        return f"feedback on turn {self.turn_id}"


class AngerLabel(models.Model):
    """What a person says of the customer of one turn: angry or distressed, or not. The last word counts."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="anger_label")
    is_angry = models.BooleanField(verbose_name="angry")
    score = models.FloatField(help_text="The detector's own score, before any recalibration.")
    detector = models.CharField(max_length=16)
    labelled_by = models.CharField(max_length=150)
    labelled_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-labelled_at", "-id"]
        permissions = [("label_anger", "Can say whether a customer was angry")]
        constraints = [
            models.CheckConstraint(condition=Q(score__range=(0, 1)), name="anger_score_is_a_probability")
        ]

    def __str__(self) -> str:
        return f"{self.turn}: {'angry' if self.is_angry else 'not angry'}"
