"""Signed messages of other systems: from where, what came, which conversation it is, what people replied.

Written by runtime.inbound only. A customer's words stay in an event until they are a turn, and no longer; all
of it goes with the conversation.
"""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.inbound.systems import INBOUND
from runtime.contracts import MAX_TEXT_CHARACTERS

MAX_EXTERNAL_ID = 150


class InboundSource(models.Model):
    """One account of another system that may send webhooks here. Its secret is sealed.

    While a secret is replaced the one before is taken too, until ``previous_until``.
    """

    class System(models.TextChoices):
        ZENDESK = "zendesk", INBOUND["zendesk"].label
        CHATWOOT = "chatwoot", INBOUND["chatwoot"].label
        LINEAR = "linear", INBOUND["linear"].label
        SLACK = "slack", INBOUND["slack"].label
        STRIPE = "stripe", INBOUND["stripe"].label

    name = models.CharField(max_length=80, unique=True)
    system = models.CharField(max_length=20, choices=System)
    channel = models.CharField(
        max_length=32,
        blank=True,
        help_text="Its messages count as this channel; empty: as the other system says.",
    )
    enabled = models.BooleanField(default=True)
    events_per_minute = models.PositiveIntegerField(
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(60_000)],
        help_text="More are refused for the moment with 429; the other system sends them again.",
    )
    secret_sealed = models.TextField(blank=True, editable=False)
    secret_hint = models.CharField(max_length=4, blank=True, editable=False)
    secret_set_at = models.DateTimeField(null=True, editable=False)
    previous_sealed = models.TextField(blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
    last_event_at = models.DateTimeField("last event", null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "inbound source"

    def __str__(self) -> str:
        return self.name

    def keeps_previous(self, now: datetime | None = None) -> bool:
        """Whether the secret before this one is still taken."""
        return self.previous_until is not None and self.previous_until > (now or timezone.now())


class InboundThread(models.Model):
    """A conversation of another system, and which of ours it is now.

    ``held_until``: somebody handles its events just now, one after the other.
    """

    source = models.ForeignKey(InboundSource, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField("conversation there", max_length=MAX_EXTERNAL_ID)
    conversation = models.ForeignKey(
        "runtime.Conversation", on_delete=models.CASCADE, related_name="inbound_threads", null=True
    )
    ended_at = models.DateTimeField(null=True, help_text="When it was solved there; empty while it goes on.")
    held_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "inbound conversation"
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="one_thread_per_source_and_id")
        ]

    def __str__(self) -> str:
        return self.external_id


class InboundEvent(models.Model):
    """One verified webhook: the same one counts once, however often it is sent."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        HANDLED = "handled", "Handled"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed"

    class Kind(models.TextChoices):
        MESSAGE = "message", "A customer's message"
        REPLY = "reply", "A person's reply"
        ENDED = "ended", "Solved there"
        ISSUE = "issue", "An issue"
        CHALLENGE = "challenge", "Question whose address it is"
        OTHER = "other", "Something else"

    source = models.ForeignKey(InboundSource, on_delete=models.PROTECT, related_name="events")
    external_id = models.CharField("event there", max_length=MAX_EXTERNAL_ID)
    name = models.CharField("as it is called there", max_length=60)
    kind = models.CharField(max_length=9, choices=Kind)
    thread = models.ForeignKey(InboundThread, on_delete=models.CASCADE, related_name="events", null=True)
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    reason = models.CharField("what became of it", max_length=300, blank=True)
    content = models.JSONField(default=dict, help_text="What is still needed of it; emptied when it is not.")
    turn = models.ForeignKey("runtime.Turn", on_delete=models.CASCADE, related_name="+", null=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "inbound event"
        indexes = [
            models.Index(fields=["state", "-id"], name="inbound_event_by_state"),
            models.Index(
                fields=["thread", "occurred_at", "id"], condition=Q(state="received"), name="inbound_lane"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="one_event_per_source_and_id"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.external_id}"


class HumanReply(models.Model):
    """What a person wrote to the customer in the other system after a turn: what was really sent."""

    turn = models.ForeignKey("runtime.Turn", on_delete=models.CASCADE, related_name="human_replies")
    thread = models.ForeignKey(InboundThread, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID)
    text = models.TextField(max_length=MAX_TEXT_CHARACTERS)
    sent_by = models.CharField(max_length=150, blank=True)
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["sent_at", "id"]
        verbose_name = "person's reply"
        verbose_name_plural = "people's replies"
        constraints = [
            models.UniqueConstraint(fields=["thread", "external_id"], name="one_reply_per_thread_and_id")
        ]

    def __str__(self) -> str:
        return f"reply to turn {self.turn_id}"
