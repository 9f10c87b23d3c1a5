"""Samples of turns, and people's verdicts on whether escalating was right. Undone, never deleted."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from runtime.models.conversations import Turn
from runtime.verdicts import workflow
from runtime.verdicts.querysets import SampledTurnQuerySet, VerdictQuerySet


class VerdictDraw(models.Model):
    """One drawing of the turns from ``window_start`` until ``window_end``. Windows never overlap."""

    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    seed = models.CharField(max_length=40)
    drawn_by = models.CharField(max_length=150)
    drawn_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "sample of turns"
        verbose_name_plural = "samples of turns"
        permissions = [("draw_verdicts", "Can draw a sample of turns to judge")]
        constraints = [
            models.UniqueConstraint(fields=["window_start"], name="one_draw_per_window_start"),
            models.CheckConstraint(
                condition=Q(window_start__lt=F("window_end")), name="verdict_window_has_an_order"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class VerdictStratum(models.Model):
    """How many turns of a kind there were, and how many of them were drawn: each stands for so many."""

    draw = models.ForeignKey(VerdictDraw, on_delete=models.CASCADE, related_name="strata")
    name = models.CharField(max_length=60)
    escalated = models.BooleanField()
    population = models.PositiveIntegerField()
    drawn = models.PositiveIntegerField()

    class Meta:
        ordering = ["draw", "name"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "name"], name="one_stratum_per_draw_and_name"),
            models.CheckConstraint(
                condition=Q(drawn__lte=F("population")) & Q(drawn__gt=0), name="verdict_sample_is_a_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.drawn} of {self.population}"


class SampledTurn(models.Model):
    """A turn that was drawn. It goes with its turn, where a customer's words are erased."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="sampled")
    stratum = models.ForeignKey(VerdictStratum, on_delete=models.CASCADE, related_name="turns")
    position = models.PositiveIntegerField()
    is_double = models.BooleanField("judged twice", default=False)
    missing = models.PositiveSmallIntegerField("verdicts missing", default=1)
    claimed_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)

    objects = SampledTurnQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name = "sampled turn"
        permissions = [("judge_turn", "Can judge sampled turns")]
        indexes = [models.Index(fields=["missing", "position", "id"], name="verdict_queue")]
        constraints = [
            models.CheckConstraint(condition=Q(missing__lte=2), name="at_most_two_verdicts_missing")
        ]

    def __str__(self) -> str:
        return str(self.turn_id)


class Verdict(models.Model):
    """What one person said about one turn. ``key`` is made by the browser: sent twice, it is kept once."""

    class Answer(models.TextChoices):
        RIGHT = workflow.RIGHT, "Right as it was"
        OVER = workflow.OVER, "Should not have been escalated"
        UNDER = workflow.UNDER, "Should have been escalated"
        CANNOT_TELL = workflow.CANNOT_TELL, "Cannot tell"

    class Role(models.TextChoices):
        FIRST = workflow.FIRST, "First"
        SECOND = workflow.SECOND, "Second"

    key = models.UUIDField(unique=True, editable=False)
    sampled = models.ForeignKey(SampledTurn, on_delete=models.CASCADE, related_name="verdicts")
    person = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    person_name = models.CharField("by", max_length=150)
    role = models.CharField(max_length=6, choices=Role)
    answer = models.CharField(max_length=11, choices=Answer)
    reason = models.CharField(max_length=20, blank=True)
    note = models.TextField(max_length=workflow.MAX_NOTE, blank=True)
    seconds = models.FloatField()
    judged_at = models.DateTimeField(auto_now_add=True, db_index=True)
    undone_at = models.DateTimeField(null=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "verdict"
        constraints = [
            models.UniqueConstraint(
                fields=["sampled", "person"],
                condition=Q(undone_at=None),
                name="one_standing_verdict_per_person",
            ),
            models.UniqueConstraint(
                fields=["sampled", "role"], condition=Q(undone_at=None), name="one_standing_verdict_per_role"
            ),
            models.CheckConstraint(
                condition=Q(answer__in=[workflow.OVER, workflow.UNDER]) ^ Q(reason=""),
                name="wrong_escalation_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_name}: {self.get_answer_display()}"

    @property
    def reason_label(self) -> str:
        """The reason in words."""
        return workflow.REASONS.get(self.answer, {}).get(self.reason, self.reason)

    def as_record(self) -> dict[str, Any]:
        """Return the fields that the activity log keeps."""
        return {"verdict": self.pk, "role": self.role, "answer": self.answer, "reason": self.reason}


class VerdictPolicy(models.Model):
    """How many turns are drawn each week, and how many of them two people judge. One row."""

    escalated_size = models.PositiveSmallIntegerField(
        "escalated turns",
        default=40,
        validators=[MaxValueValidator(500)],
        help_text="So many turns that went to a person are drawn each week.",
    )
    other_size = models.PositiveSmallIntegerField(
        "other turns",
        default=60,
        validators=[MaxValueValidator(500)],
        help_text="So many turns that the agent kept are drawn each week.",
    )
    double_percent = models.PositiveSmallIntegerField(
        "judged twice, %",
        default=10,
        validators=[MaxValueValidator(100)],
        help_text="So many of a hundred go to a second person, who does not see the first verdict.",
    )
    seed = models.CharField(
        max_length=40, default="1", help_text="The same seed draws the same turns. Kept with each sample."
    )

    class Meta:
        verbose_name = "policy of verdicts"
        verbose_name_plural = "policy of verdicts"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_verdict_policy")]

    def __str__(self) -> str:
        return "Policy of verdicts"
