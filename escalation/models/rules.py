"""Escalation rules with their whole history."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from escalation.models.history import Immutable
from escalation.triggers import (
    ANGER,
    BILLING_DISPUTE,
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HARD,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LEGAL,
    LOW_CONFIDENCE,
    MAX_CLARIFICATIONS,
    NO_ANSWER,
    PATTERN,
    REPEATED_FAILURE,
    SOFT,
    STEP_FAILURE,
    TOOL_FAILURE,
    TRIGGERS,
)


class Rule(models.Model):
    """One escalation rule as it was last edited. Changed by escalation.services only.

    ``version`` is the version whose fields stand here, ``live_version`` the one that decides turns: None
    where the rule is disabled, an earlier one while an edit waits to be enabled. ``priority`` is no part of
    a version: the order belongs to the rule set.
    """

    class Kind(models.TextChoices):
        HARD = HARD, "Hard: escalates at once"
        SOFT = SOFT, "Soft: may ask one question first"

    class Trigger(models.TextChoices):
        HUMAN_REQUEST = HUMAN_REQUEST, TRIGGERS[HUMAN_REQUEST].label
        ANGER = ANGER, TRIGGERS[ANGER].label
        BILLING_DISPUTE = BILLING_DISPUTE, TRIGGERS[BILLING_DISPUTE].label
        LEGAL = LEGAL, TRIGGERS[LEGAL].label
        REPEATED_FAILURE = REPEATED_FAILURE, TRIGGERS[REPEATED_FAILURE].label
        HUMAN_ONLY_INTENT = HUMAN_ONLY_INTENT, TRIGGERS[HUMAN_ONLY_INTENT].label
        PATTERN = PATTERN, TRIGGERS[PATTERN].label
        LOW_CONFIDENCE = LOW_CONFIDENCE, TRIGGERS[LOW_CONFIDENCE].label
        NO_ANSWER = NO_ANSWER, TRIGGERS[NO_ANSWER].label
        FLAGGED_CATEGORY = FLAGGED_CATEGORY, TRIGGERS[FLAGGED_CATEGORY].label
        STEP_FAILURE = STEP_FAILURE, TRIGGERS[STEP_FAILURE].label
        TOOL_FAILURE = TOOL_FAILURE, TRIGGERS[TOOL_FAILURE].label
        FLOW_ESCALATION = FLOW_ESCALATION, TRIGGERS[FLOW_ESCALATION].label

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=4, choices=Kind)
    trigger = models.CharField(max_length=30, choices=Trigger)
    parameters = models.JSONField(default=dict, blank=True)
    conditions = models.JSONField(default=dict, blank=True)
    clarify_first = models.PositiveSmallIntegerField(
        default=0, help_text="How many clarifying questions may come first: 0 or 1. A hard rule asks none."
    )
    priority = models.PositiveSmallIntegerField(
        default=100, help_text="Rules are asked from the lowest number to the highest, hard rules first."
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    live_version = models.PositiveIntegerField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["kind", "priority", "id"]  # "hard" sorts before "soft"
        constraints = [
            models.CheckConstraint(
                condition=Q(clarify_first__lte=MAX_CLARIFICATIONS), name="at_most_one_clarification"
            ),
            models.CheckConstraint(
                condition=Q(kind=SOFT) | Q(clarify_first=0), name="hard_rule_asks_nothing_first"
            ),
            models.CheckConstraint(
                condition=Q(archived_at=None) | Q(live_version=None), name="archived_rule_decides_nothing"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def enabled(self) -> bool:
        """Whether some version of the rule decides turns."""
        return self.live_version is not None

    @property
    def is_pending(self) -> bool:
        """Whether the fields here wait to be enabled while an earlier version decides."""
        return self.live_version is not None and self.live_version != self.version


class RuleVersion(Immutable):
    """A rule as one edit left it; ``note`` says why, in the editor's words or as “as version 2”."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    fields = models.JSONField()
    note = models.CharField(max_length=200, blank=True, default="")
    changed_by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="one_row_per_rule_version")]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"


class RuleSetVersion(Immutable):
    """The live versions of all enabled rules in their order, after one change; decisions name its number."""

    number = models.PositiveIntegerField(unique=True)
    rules = models.JSONField()
    changed_by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"rule set {self.number}"
