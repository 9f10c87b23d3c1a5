"""What a change of the rules would have done, kept as evidence."""

from __future__ import annotations

from django.db import models

from escalation.models.history import Immutable
from escalation.models.rules import Rule


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
