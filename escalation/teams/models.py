"""Teams with their hours, and the routes by which handoffs come to them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from escalation.teams.hours import DAYS, MIDNIGHT


class Team(models.Model):
    """People who take conversations over together. Changed by escalation.teams.services only."""

    name = models.CharField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin.")
    members = models.ManyToManyField("core.User", related_name="+", blank=True)
    is_default = models.BooleanField(
        default=False, help_text="Gets every handoff that no route takes. One team is the default."
    )
    active = models.BooleanField(default=True, help_text="An inactive team gets nothing new.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_team"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(active=True), name="default_team_is_active"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """One span of a weekday, in minutes of the team's day."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(DAYS)))
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="weekday_is_one_of_seven"),
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")) & Q(closes__lte=MIDNIGHT), name="opening_span_in_one_day"
            ),
            models.UniqueConstraint(fields=["team", "weekday", "opens"], name="one_span_per_opening"),
        ]

    def __str__(self) -> str:
        return f"{self.team} {DAYS[self.weekday]}"


class HoursException(models.Model):
    """One date with hours of its own; a row without hours says that the team is closed."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="exceptions")
    day = models.DateField()
    opens = models.PositiveSmallIntegerField(null=True)
    closes = models.PositiveSmallIntegerField(null=True)
    label = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["day", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens=None, closes=None)
                | (
                    Q(opens__lt=F("closes"))
                    & Q(closes__lte=MIDNIGHT, opens__isnull=False, closes__isnull=False)
                ),
                name="exception_span_in_one_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.day}"


class HandoffRoute(models.Model):
    """One line of the routing table: which handoffs a team gets. Empty conditions hold always."""

    position = models.PositiveSmallIntegerField(
        default=100,
        help_text="Routes are asked from the lowest number to the highest; the first that fits wins.",
    )
    reason = models.CharField(max_length=30, blank=True)
    intent = models.CharField(max_length=100, blank=True)
    tier = models.CharField(max_length=64, blank=True)
    locale = models.CharField(
        max_length=35, blank=True, help_text="A language such as de, which takes de-AT too."
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="routes")

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        said = [self.reason, self.intent, self.tier, self.locale]
        return f"{', '.join(filter(None, said)) or 'everything'} → {self.team}"
