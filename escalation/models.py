"""Escalation rules with their whole history, and the words with which a customer is handed over."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

from escalation.triggers import (
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HARD,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LOW_CONFIDENCE,
    MAX_CLARIFICATIONS,
    NO_ANSWER,
    SOFT,
    STEP_FAILURE,
    TOOL_FAILURE,
    TRIGGERS,
)


class Rule(models.Model):
    """One escalation rule as it stands now. Changed by escalation.services only."""

    class Kind(models.TextChoices):
        HARD = HARD, "Hard: escalates at once"
        SOFT = SOFT, "Soft: may ask one question first"

    class Trigger(models.TextChoices):
        HUMAN_REQUEST = HUMAN_REQUEST, TRIGGERS[HUMAN_REQUEST].label
        HUMAN_ONLY_INTENT = HUMAN_ONLY_INTENT, TRIGGERS[HUMAN_ONLY_INTENT].label
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
    clarify_first = models.PositiveSmallIntegerField(
        default=0, help_text="How many clarifying questions may come first: 0 or 1. A hard rule asks none."
    )
    priority = models.PositiveSmallIntegerField(
        default=100, help_text="Rules are asked from the lowest number to the highest, hard rules first."
    )
    enabled = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
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
        ]

    def __str__(self) -> str:
        return self.name


class Immutable(models.Model):
    """Evidence: written once, then only read."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("History is not rewritten.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("History is not deleted.")


class RuleVersion(Immutable):
    """A rule as it was from one change to the next."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    fields = models.JSONField()
    changed_by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="one_row_per_rule_version")]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"


class RuleSetVersion(Immutable):
    """All enabled rules as they stood together after one change; decisions name its number."""

    number = models.PositiveIntegerField(unique=True)
    rules = models.JSONField()
    changed_by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"rule set {self.number}"


class HandoffTemplate(models.Model):
    """What a customer is told when a person takes over, per reason and locale."""

    ANY_REASON = ""

    reason = models.CharField(
        max_length=30, blank=True, default=ANY_REASON, choices=Rule.Trigger, help_text="Empty: any reason."
    )
    locale = models.CharField(max_length=10, default="en")
    body = models.TextField(
        max_length=1000, help_text="{wait_minutes} is filled in from the queue's history."
    )
    body_without_wait = models.TextField(
        max_length=1000, blank=True, help_text="Used while the queue's history is too short to name a number."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["locale", "reason"]
        constraints = [models.UniqueConstraint(fields=["reason", "locale"], name="one_template_per_reason")]

    def __str__(self) -> str:
        return f"{self.reason or 'any reason'} ({self.locale})"


class BacktestRun(Immutable):
    """What a change of the rules would have done with the cases of a window: evidence, without words."""

    class ChangeKind(models.TextChoices):
        AS_IT_IS = "as_it_is", "The rules as they are"
        ENABLE = "enable", "A version enabled"
        DISABLE = "disable", "A rule disabled"
        NUMBER = "number", "A number moved"

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+", null=True)
    rule_version = models.PositiveIntegerField(
        null=True, help_text="The version that was tried; empty where a number of it was another one."
    )
    change_kind = models.CharField("what was tried", max_length=10, choices=ChangeKind)
    change = models.JSONField()
    settings = models.JSONField()
    live_number = models.PositiveIntegerField("rule set", help_text="The rule set that decided then.")
    live_digest = models.CharField(max_length=64, editable=False)
    live_rows = models.JSONField()
    candidate_rows = models.JSONField()
    cases = models.PositiveIntegerField()
    flips = models.PositiveIntegerField("cases that flip")
    content = models.JSONField()
    digest = models.CharField(
        max_length=64, help_text="The same for the same rules, settings and cases, whenever it is run."
    )
    seconds = models.FloatField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = "back-test"
        ordering = ["-id"]
        indexes = [models.Index(fields=["rule", "rule_version", "-id"], name="backtest_of_rule_version")]

    def __str__(self) -> str:
        return f"back-test {self.pk}"


class BacktestFlip(Immutable):
    """One case that goes another way: ids, truth, and both rulings. ``number`` is its place in the run."""

    class CaseKind(models.TextChoices):
        TURN = "turn", "Turn"
        TICKET = "ticket", "Closed ticket"

    run = models.ForeignKey(BacktestRun, on_delete=models.PROTECT, related_name="flipped")
    number = models.PositiveIntegerField()
    case_kind = models.CharField(max_length=6, choices=CaseKind)
    case_id = models.BigIntegerField()
    needed = models.BooleanField(null=True)
    why = models.CharField(max_length=30, blank=True)
    before = models.CharField(max_length=12)
    before_reason = models.CharField(max_length=30)
    before_rule = models.BigIntegerField(null=True)
    after = models.CharField(max_length=12)
    after_reason = models.CharField(max_length=30)
    after_rule = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = "case that flips"
        verbose_name_plural = "cases that flip"
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_flip_per_number_and_run")]

    def __str__(self) -> str:
        return f"{self.get_case_kind_display()} {self.case_id}: {self.before} → {self.after}"
