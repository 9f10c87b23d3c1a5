"""Where other systems are told of handoffs, and each telling with what became of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from integrations.handoff_notice import ACCEPTED, QUEUED, RESOLVED, RETURNED
from integrations.systems import SYSTEMS
from runtime import workflow
from runtime.models.actions import ActionLedger, Connection
from runtime.models.handoffs import Handoff


def only_queued() -> list[str]:
    """Return the events that a new destination is told of."""
    return [QUEUED]


class HandoffDestination(models.Model):
    """A place in another system that is told of handoffs. Written by runtime.delivery.configuring only."""

    class Kind(models.TextChoices):
        ZENDESK = "zendesk", SYSTEMS["zendesk"].label
        FRESHDESK = "freshdesk", SYSTEMS["freshdesk"].label
        SLACK = "slack", SYSTEMS["slack"].label
        WEBHOOK = "webhook", SYSTEMS["webhook"].label

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    settings = models.JSONField(default=dict, blank=True)
    reasons = models.JSONField(default=list, blank=True, help_text="Empty: all reasons.")
    events = models.JSONField(default=only_queued)
    enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=300, blank=True, editable=False)
    tests = models.PositiveIntegerField("tests sent", default=0, editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    test_result = models.CharField("last test", max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_told(self, *, event: str, reason: str) -> bool:
        """Whether this place is told of an event of a handoff with that reason."""
        return event in self.events and (not self.reasons or reason in self.reasons)

    def all_settings(self) -> dict[str, Any]:
        """Return the connection's settings with this destination's own over them."""
        return {**self.connection.settings, **self.settings}


class HandoffDelivery(models.Model):
    """One event of one handoff on its way to one destination: written with the event, sent by a job.

    What was sent, and whether it is known to have arrived, is the ledger row's (``call``).
    """

    class Event(models.TextChoices):
        QUEUED = QUEUED, "Queued"
        ACCEPTED = ACCEPTED, "Accepted"
        RESOLVED = RESOLVED, "Resolved"
        RETURNED = RETURNED, "Returned to the agent"

    class State(models.TextChoices):
        WAITING = workflow.WAITING, "Waiting"
        SENT = workflow.SENT, "Sent"
        FAILED = workflow.FAILED, "Failed"
        UNKNOWN = workflow.UNKNOWN, "Unknown"

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="deliveries")
    destination = models.ForeignKey(HandoffDestination, on_delete=models.PROTECT, related_name="+")
    event = models.CharField(max_length=10, choices=Event)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    call = models.OneToOneField(
        ActionLedger, on_delete=models.PROTECT, related_name="+", null=True, verbose_name="call"
    )
    retries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField("next try", null=True)
    tried_since = models.DateTimeField(help_text="From here on it is counted when to give up.")
    message = models.CharField(max_length=500, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=100, blank=True)
    external_url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "handoff deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "-id"], name="handoff_delivery_by_state"),
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "unknown"]), name="handoff_delivery_due"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "destination", "event"], name="one_delivery_per_event_and_destination"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=False) | ~Q(state="sent"), name="sent_delivery_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
