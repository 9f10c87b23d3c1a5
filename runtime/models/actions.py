"""Connections to other systems, the actions configured on them, and the ledger of every call."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.outgoing import READ, WRITE
from integrations.systems import OPERATIONS, SYSTEMS
from runtime import workflow

MAX_PARAMETER_LENGTH = 4000


class Connection(models.Model):
    """How one other system is reached. The secret is sealed; written by runtime.actions.connections only."""

    class System(models.TextChoices):
        LINEAR = "linear", SYSTEMS["linear"].label
        STRIPE = "stripe", SYSTEMS["stripe"].label
        SLACK = "slack", SYSTEMS["slack"].label
        SLACK_WEBHOOK = "slack_webhook", SYSTEMS["slack_webhook"].label
        WEBHOOK = "webhook", SYSTEMS["webhook"].label
        ZENDESK = "zendesk", SYSTEMS["zendesk"].label
        FRESHDESK = "freshdesk", SYSTEMS["freshdesk"].label

    name = models.CharField(max_length=80, unique=True)
    system = models.CharField(max_length=20, choices=System)
    url = models.CharField(max_length=500, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    secret_sealed = models.TextField(blank=True, editable=False)
    secret_hint = models.CharField(max_length=4, blank=True, editable=False)
    secret_set_at = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(default=True)
    calls_per_minute = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(6000)],
        help_text="More calls than this are refused here, before they reach the other system.",
    )
    failures = models.PositiveIntegerField("failures in a row", default=0, editable=False)
    failed_at = models.DateTimeField(null=True, editable=False)
    open_until = models.DateTimeField("paused until", null=True, editable=False)
    checked_at = models.DateTimeField("tested at", null=True, editable=False)
    check_result = models.CharField("last test", max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_paused(self, now: datetime | None = None) -> bool:
        """Whether calls are refused for now, because the system failed several times in a row."""
        return self.open_until is not None and self.open_until > (now or timezone.now())


class Action(models.Model):
    """Something the agent may do in another system, by a name that flows use."""

    class Operation(models.TextChoices):
        LINEAR_CREATE_ISSUE = "linear_create_issue", OPERATIONS["linear_create_issue"].label
        STRIPE_FIND_INVOICE = "stripe_find_invoice", OPERATIONS["stripe_find_invoice"].label
        STRIPE_FIND_CUSTOMER = "stripe_find_customer", OPERATIONS["stripe_find_customer"].label
        STRIPE_LIST_CHARGES = "stripe_list_charges", OPERATIONS["stripe_list_charges"].label
        STRIPE_FIND_SUBSCRIPTION = "stripe_find_subscription", OPERATIONS["stripe_find_subscription"].label
        STRIPE_LIST_DISPUTES = "stripe_list_disputes", OPERATIONS["stripe_list_disputes"].label
        SLACK_POST_MESSAGE = "slack_post_message", OPERATIONS["slack_post_message"].label
        SLACK_WEBHOOK_POST = "slack_webhook_post", OPERATIONS["slack_webhook_post"].label
        WEBHOOK_SEND = "webhook_send", OPERATIONS["webhook_send"].label

    class Effect(models.TextChoices):
        READ = READ, "Reads"
        WRITE = WRITE, "Writes"

    slug = models.SlugField(
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Small letters, digits and _ only.")],
        help_text="The name flows call it by. It stays when the label changes.",
    )
    label = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="actions")
    operation = models.CharField(max_length=40, choices=Operation)
    effect = models.CharField(max_length=5, choices=Effect, editable=False)
    settings = models.JSONField(default=dict, blank=True)
    enabled = models.BooleanField(default=True, help_text="A flow that calls a disabled action hands over.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]
        permissions = [("run_action", "Can run an action for real, outside a conversation")]

    def __str__(self) -> str:
        return self.slug


class ActionParameter(models.Model):
    """One value that an action is asked with."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="parameters")
    name = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Small letters, digits and _ only.")],
    )
    description = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=True)
    max_length = models.PositiveIntegerField(
        default=200, validators=[MinValueValidator(1), MaxValueValidator(MAX_PARAMETER_LENGTH)]
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["action", "name"], name="one_parameter_per_name_and_action")
        ]

    def __str__(self) -> str:
        return self.name


class ActionLedger(models.Model):
    """One call of an action: committed before anything is sent, and the only truth about its effect."""

    class State(models.TextChoices):
        PENDING = workflow.PENDING, "Pending"
        RUNNING = workflow.RUNNING, "Running"
        SUCCEEDED = workflow.SUCCEEDED, "Succeeded"
        FAILED = workflow.FAILED, "Failed"
        UNKNOWN = workflow.UNKNOWN, "Unknown"

    idempotency_key = models.CharField(max_length=200, unique=True)
    action = models.ForeignKey(
        Action,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="None where another system is told of a handoff.",
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    operation = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    arguments_sha256 = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0, help_text="How often it was taken to be sent.")
    trail = models.JSONField(default=list, help_text="Each try and each look, oldest first.")
    data = models.JSONField(default=dict)
    message = models.CharField(max_length=500, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    conversation_id = models.UUIDField(null=True, db_index=True)
    reference = models.CharField(max_length=200, blank=True, help_text="Where it was called from.")
    requested_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
    look_at = models.DateTimeField("next look", null=True, help_text="Whether it happened; then a person.")
    settled_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(max_length=2000, blank=True)
    forgotten_at = models.DateTimeField("words deleted at", null=True)

    class Meta:
        verbose_name = "action call"
        verbose_name_plural = "action calls"
        ordering = ["-id"]
        permissions = [("settle_actionledger", "Can settle a call whose outcome is unknown")]
        indexes = [
            models.Index(fields=["state", "-id"], name="action_call_by_state"),
            models.Index(fields=["connection", "started_at"], name="action_call_rate"),
            models.Index(fields=["look_at"], condition=Q(state="unknown"), name="action_call_to_look_at"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="action_call_has_a_key"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | ~Q(state__in=["succeeded", "failed"]),
                name="finished_action_call_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"action call {self.pk}"
