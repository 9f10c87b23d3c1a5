"""What people asked again after a handoff although the packet held it: one check a handoff, a row a field."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from runtime.models.handoffs import Handoff, HandoffMessage
from runtime.repeats.fields import LABELS

FIELD_CHOICES = list(LABELS.items())


class RepeatCheck(models.Model):
    """A finished handoff whose first human replies were read. Written once by runtime.repeats.checking."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="repeat_check")
    replies = models.PositiveSmallIntegerField(help_text="How many of the person's first replies were read.")
    detector = models.PositiveSmallIntegerField()
    checked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"check of handoff {self.handoff_id}"


class RepeatField(models.Model):
    """A field that the packet of a checked handoff held, and whether the person asked for it all the same."""

    check_row = models.ForeignKey(RepeatCheck, on_delete=models.CASCADE, related_name="fields")
    field = models.CharField(max_length=20, choices=FIELD_CHOICES)
    asked = models.BooleanField("asked again")
    value = models.CharField("the packet held", max_length=300)
    sentence = models.TextField("the person asked", max_length=500, blank=True)
    message = models.ForeignKey(HandoffMessage, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        verbose_name = "repeated question"
        indexes = [models.Index(fields=["field", "asked"], name="repeats_by_field")]
        constraints = [
            models.UniqueConstraint(fields=["check_row", "field"], name="one_repeat_row_per_field"),
            models.CheckConstraint(
                condition=Q(asked=True, message__isnull=False) & ~Q(sentence="")
                | Q(asked=False, message__isnull=True, sentence=""),
                name="repeated_question_has_its_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()}{' asked again' if self.asked else ''}"
