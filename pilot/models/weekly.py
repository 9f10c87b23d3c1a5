"""The weekly review of a pilot: its figures as they were on the Monday after, and who signed them."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pilot.models.pilots import Pilot

MAX_NOTE, MAX_ACTIONS, MAX_ACTION = 1_000, 10, 200


class WeeklyReview(models.Model):
    """One week by its Monday. ``figures`` are frozen when the row is made (pilot.figures.frozen); late news
    moves the live figures only. ``actions`` is what the team does next, a line each.
    """

    pilot = models.ForeignKey(Pilot, on_delete=models.CASCADE, related_name="weeks")
    week = models.DateField()
    figures = models.JSONField()
    frozen_at = models.DateTimeField(auto_now_add=True)
    signed_by = models.CharField(max_length=150, blank=True)
    signed_at = models.DateTimeField(null=True)
    note = models.TextField(max_length=MAX_NOTE, blank=True)
    actions = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-week", "-id"]
        permissions = [("sign_week", "Can sign a pilot's weekly review")]
        constraints = [
            models.UniqueConstraint(fields=["pilot", "week"], name="one_review_per_pilot_and_week"),
            models.CheckConstraint(
                condition=Q(signed_at=None, signed_by="") | Q(signed_at__isnull=False) & ~Q(signed_by=""),
                name="signed_week_has_a_name_and_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pilot}, week of {self.week.day} {self.week:%B %Y}"

    @property
    def sunday(self) -> date:
        """The week's last day."""
        return self.week + timedelta(days=6)

    @property
    def due(self) -> date:
        """The last day to sign in time: the Sunday after, before the next Monday's review."""
        return self.week + timedelta(days=13)

    @property
    def days_late(self) -> int:
        """How many days after ``due`` it was signed, or it is now where nobody has; 0 in time."""
        day = timezone.localdate(self.signed_at) if self.signed_at else timezone.localdate()
        return max(0, (day - self.due).days)

    @property
    def is_missed(self) -> bool:
        """Whether nobody signed in time; signing late does not undo it."""
        return self.days_late > 0

    @property
    def standing(self) -> str:
        """Say in words whether it is signed, due or missed."""
        if self.signed_at is None:
            return "missed: not signed" if self.is_missed else f"to be signed by {self.due.day} {self.due:%B}"
        days = f"{self.days_late} day{'' if self.days_late == 1 else 's'}"
        return f"missed: signed {days} late" if self.is_missed else "signed"
