"""Resolution flows with every version that ever was, and each conversation's way through one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from escalation.models import Immutable
from runtime.flows import workflow
from runtime.models.conversations import Conversation


class ResolutionFlow(models.Model):
    """How one intent's issue is settled, from the opening message to the end. Written by services only."""

    class State(models.TextChoices):
        DRAFT = workflow.DRAFT, "Draft"
        ACTIVE = workflow.ACTIVE, "Active"
        ARCHIVED = workflow.ARCHIVED, "Archived"

    intent = models.CharField(max_length=100, db_index=True, help_text="The intent's slug.")
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    active_version = models.ForeignKey(
        "runtime.FlowVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    latest_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["intent", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["intent"], condition=Q(state=workflow.ACTIVE), name="one_active_flow_per_intent"
            ),
            models.CheckConstraint(
                condition=~Q(state=workflow.ACTIVE) | Q(active_version__isnull=False),
                name="active_flow_has_a_version",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class FlowVersion(Immutable):
    """What a flow said from one saving to the next."""

    flow = models.ForeignKey(ResolutionFlow, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64)
    author = models.CharField(max_length=150)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["flow", "number"], name="one_flow_version_per_number")]

    def __str__(self) -> str:
        return f"{self.flow} version {self.number}"


class FlowRun(models.Model):
    """One conversation's way through a flow. Holds customers' data; goes with its conversation.

    ``position`` is where it stands (runtime.flows.interpreter.Position), ``revision`` counts its writes:
    whoever read another one writes nothing. ``key`` begins the idempotency key of each of its actions.
    """

    class State(models.TextChoices):
        RUNNING = workflow.RUNNING, "Running"
        RESOLVED = workflow.RESOLVED, "Resolved"
        ESCALATED = workflow.ESCALATED, "Escalated"
        ABANDONED = workflow.ABANDONED, "Abandoned"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="flow_runs")
    version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=9, choices=State, default=State.RUNNING)
    step = models.CharField(max_length=40, blank=True)
    position = models.JSONField(default=dict)
    events = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True)
    revision = models.PositiveIntegerField(default=0)
    acting_since = models.DateTimeField(null=True, help_text="Since when a turn is at one of its actions.")
    started_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state=workflow.RUNNING),
                name="one_running_flow_per_conversation",
            ),
            models.UniqueConstraint(fields=["conversation", "number"], name="one_flow_run_per_number"),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.conversation_id}"
