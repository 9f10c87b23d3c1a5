"""Pilots and the signed moves through their stages. Written by pilot.services only."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from escalation.models import Immutable
from pilot import workflow
from runtime import placement


class Pilot(models.Model):
    """One trial of the agent on one scope: a channel, or a category of tickets.

    ``source`` live: customers' messages as they arrive. ``source`` replay: a rehearsal on closed tickets in
    their own order of time; it serves nobody and takes nothing away from the live agent. Baseline and targets
    are locked when it starts. ``percent`` is that of the stage ``limited``.
    """

    class State(models.TextChoices):
        PLANNED = workflow.PLANNED, "Planned"
        RUNNING = workflow.RUNNING, "Running"
        HALTED = workflow.HALTED, "Stopped by the kill switch"
        ENDED = workflow.ENDED, "Ended"

    class Stage(models.TextChoices):
        SHADOW = placement.SHADOW, "Shadow: drafts only, nothing is sent"
        ASSIST = placement.ASSIST, "Assist: people send what they approve"
        LIMITED = placement.LIMITED, "Limited: a share of the customers gets replies at once"
        FULL = placement.FULL, "Full: all of the scope gets replies at once"

    class ScopeKind(models.TextChoices):
        CHANNEL = placement.CHANNEL, "A channel"
        CATEGORY = placement.CATEGORY, "A category of tickets"

    class Source(models.TextChoices):
        LIVE = workflow.LIVE_SOURCE, "Live messages"
        REPLAY = workflow.REPLAY_SOURCE, "Closed tickets, replayed"

    name = models.CharField(max_length=80, unique=True)
    source = models.CharField(max_length=6, choices=Source, default=Source.LIVE)
    scope_kind = models.CharField("scope", max_length=8, choices=ScopeKind, default=ScopeKind.CHANNEL)
    channel = models.CharField(max_length=32, blank=True)
    category = models.ForeignKey(
        "tickets.Category", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    state = models.CharField(max_length=8, choices=State, default=State.PLANNED)
    stage = models.CharField(max_length=7, choices=Stage, default=Stage.SHADOW)
    percent = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(99)],
        help_text="So many of a hundred customers get replies at once in the stage “limited”.",
    )
    review_percent = models.PositiveSmallIntegerField(
        "reviewed, %",
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="So many of a hundred drafts are reviewed. In the stage “assist” all are.",
    )
    double_percent = models.PositiveSmallIntegerField(
        "reviewed twice, %",
        default=10,
        validators=[MaxValueValidator(100)],
        help_text="So many of a hundred reviewed drafts go to a second person, who does not see the first.",
    )
    goal = models.TextField(max_length=1000, blank=True, help_text="What this pilot is to show.")
    targets = models.JSONField(
        default=dict, blank=True, help_text="Metric → value that counts as good; locked at the start."
    )
    baseline = models.JSONField(
        default=dict, blank=True, editable=False, help_text="The same metrics before the agent; locked too."
    )
    locked_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    full_at = models.DateTimeField(
        null=True, editable=False, help_text="When it first got to the end of its stages."
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("sign_pilot", "Can sign a pilot's moves: start, next stage, back, end"),
            ("halt_pilot", "Can stop a pilot at once"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope_kind=placement.CHANNEL, category=None) & ~Q(channel="")
                | Q(scope_kind=placement.CATEGORY, category__isnull=False, channel=""),
                name="pilot_has_exactly_one_scope",
            ),
            # One at a time: another scope is opened when this one has got to the end of its stages. One that
            # has been there may always go back, whatever else has begun since.
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(source=workflow.LIVE_SOURCE, state__in=workflow.CURRENT, full_at=None)
                & ~Q(stage=placement.FULL),
                name="one_live_pilot_below_full",
            ),
            models.UniqueConstraint(
                fields=["channel"],
                condition=Q(source=workflow.LIVE_SOURCE, state__in=workflow.CURRENT) & ~Q(channel=""),
                name="one_live_pilot_per_channel",
            ),
            models.UniqueConstraint(
                fields=["category"],
                condition=Q(source=workflow.LIVE_SOURCE, state__in=workflow.CURRENT, category__isnull=False),
                name="one_live_pilot_per_category",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[workflow.PLANNED, workflow.ENDED])
                | Q(started_at__isnull=False, locked_at__isnull=False),
                name="running_pilot_is_locked",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_value(self) -> str:
        """The channel, or the category's id as text."""
        return self.channel if self.scope_kind == placement.CHANNEL else str(self.category_id)


class StageMove(Immutable):
    """One signed move of a pilot: who, when, why, on which figures, with which versions live."""

    class Verb(models.TextChoices):
        START = "start", "Started"
        FORWARD = "forward", "Moved on"
        PERCENT = "percent", "Changed the share"
        BACK = "back", "Moved back"
        HALT = "halt", "Stopped by the kill switch"
        RESUME = "resume", "Resumed"
        END = "end", "Ended"

    pilot = models.ForeignKey(Pilot, on_delete=models.PROTECT, related_name="moves")
    verb = models.CharField(max_length=7, choices=Verb)
    from_stage = models.CharField(max_length=7, choices=Pilot.Stage)
    to_stage = models.CharField(max_length=7, choices=Pilot.Stage)
    percent = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=300)
    gate = models.JSONField(default=dict, help_text="What the figures allowed at that moment.")
    bundle = models.JSONField(default=dict, help_text="Release, index and rule set that were live.")
    signed_by = models.CharField(max_length=150)
    signed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "signed move"

    def __str__(self) -> str:
        return f"{self.get_verb_display()}: {self.pilot}"
