"""Replays of closed tickets, and the frozen test set of a pilot with what models answered to it.

Results hold ids, never a customer's words: pages read those from the ticket. Frozen cases keep the words,
masked as the ticket has them, and go with their ticket.
"""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from escalation.models import Immutable
from pilot.models.pilots import Pilot

MAX_REPLAYED = 5_000


class ReplayRun(models.Model):
    """One replay of closed tickets through the pipeline with one bundle; it writes nothing but itself.

    ``bundle`` names the intent model, rule set, index and detectors. ``selection`` is the ids of the tickets
    in order of time; a broken-off run goes on with those that have no result. ``digest`` covers the results.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting or at work"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    name = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=60, blank=True)
    category = models.ForeignKey("tickets.Category", on_delete=models.SET_NULL, related_name="+", null=True)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    limit = models.PositiveIntegerField(
        "tickets at most",
        default=500,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_REPLAYED)],
    )
    model_version = models.PositiveIntegerField("intent model")
    bundle = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    job = models.ForeignKey("core.Job", on_delete=models.SET_NULL, related_name="+", null=True)
    problem = models.CharField(max_length=300, blank=True)
    selection = models.JSONField(default=list)
    tickets = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField("seen in training", default=0)
    newer = models.PositiveIntegerField("newer than the training", default=0)
    summary = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    seconds = models.FloatField(default=0)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "replay"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(finished_at__isnull=False) & ~Q(digest=""),
                name="finished_replay_has_a_digest",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Replay {self.pk}"


class ReplayResult(models.Model):
    """What the agent would have done with one ticket's opening message. Goes with its ticket.

    ``expected`` are the intents that the ticket's category is mapped to, ``needed`` whether people escalated
    it (None: nobody knows); both are read once, when the run is made. ``seen``: in the model's training.
    """

    run = models.ForeignKey(ReplayRun, on_delete=models.CASCADE, related_name="results")
    number = models.PositiveIntegerField()
    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="+")
    decision = models.CharField(max_length=12)
    reason = models.CharField(max_length=30)
    intent = models.CharField(max_length=100, blank=True)
    confidence = models.FloatField(null=True)
    is_fallback = models.BooleanField(null=True)
    rule_trigger = models.CharField(max_length=30, blank=True)
    rule_id = models.BigIntegerField(null=True)
    article_id = models.BigIntegerField(null=True)
    anchor = models.CharField(max_length=200, blank=True)
    actions = models.JSONField(default=list)
    failed_step = models.CharField(max_length=30, blank=True)
    expected = models.JSONField(default=list)
    needed = models.BooleanField(null=True)
    seen = models.BooleanField(default=False)
    newer = models.BooleanField(default=False)

    class Meta:
        verbose_name = "replayed ticket"
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "ticket"], name="one_result_per_replay_and_ticket"),
            models.UniqueConstraint(fields=["run", "number"], name="one_result_per_replay_and_number"),
        ]

    def __str__(self) -> str:
        return f"ticket {self.ticket_id} in replay {self.run_id}"


class FrozenCase(Immutable):
    """One message of a pilot's frozen test set, with the intent that its ticket's category is mapped to.

    No model may learn from it. Written once; it goes with its ticket, where a customer's words are erased.
    """

    pilot = models.ForeignKey(Pilot, on_delete=models.CASCADE, related_name="frozen_cases")
    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    text_hash = models.CharField(max_length=64, db_index=True)
    expected = models.CharField("expected intent", max_length=60)
    frozen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "frozen test case"
        ordering = ["pilot", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pilot", "ticket"], name="one_frozen_case_per_pilot_and_ticket"),
            models.UniqueConstraint(fields=["pilot", "text_hash"], name="one_frozen_case_per_pilot_and_text"),
        ]

    def __str__(self) -> str:
        return f"frozen case {self.pk}"


class FrozenJudgement(Immutable):
    """What one version answered to the frozen test set: [[case id, intent, confidence, fallback], …]."""

    pilot = models.ForeignKey(Pilot, on_delete=models.CASCADE, related_name="frozen_judgements")
    model_version = models.PositiveIntegerField()
    rows: Any = models.JSONField()
    judged_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "judgement of the frozen test set"
        verbose_name_plural = "judgements of the frozen test set"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pilot", "model_version"], name="one_frozen_judgement_per_pilot_and_version"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.model_version} on the frozen test set"
