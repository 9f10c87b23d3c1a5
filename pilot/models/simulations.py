"""Suites of scripted conversations, and the runs of them: kept for ever, each with what it was played on."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from escalation.models import Immutable
from pilot.simulations import workflow


class Suite(models.Model):
    """Scenarios that belong together. Put away when no longer needed; its runs stay."""

    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(max_length=1_000, blank=True)
    is_archived = models.BooleanField("put away", default=False)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Scenario(models.Model):
    """One scripted conversation. ``definition`` is a pilot.simulations.script.Script as JSON."""

    class Source(models.TextChoices):
        WRITTEN = workflow.WRITTEN, "Written here"
        IMPORTED = workflow.IMPORTED, "Imported"
        CONVERSATION = workflow.CONVERSATION, "Made of a conversation"
        STARTER = workflow.STARTER, "Made of intents and rules"

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="scenarios")
    name = models.CharField(max_length=120)
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    source = models.CharField(max_length=12, choices=Source, default=Source.WRITTEN, editable=False)
    source_ref = models.CharField(max_length=200, blank=True, editable=False)
    tags = models.CharField(max_length=600, blank=True, editable=False, help_text="As “ one two ”.")
    enabled = models.BooleanField(default=True, help_text="Played in runs of its suite.")
    updated_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["suite", "name"]
        constraints = [
            models.UniqueConstraint(fields=["suite", "name"], name="one_scenario_per_name_and_suite")
        ]

    def __str__(self) -> str:
        return self.name


class SimulationRun(models.Model):
    """One run of a suite. ``bundle``: release, model version, index and rule set that it was played on.

    ``model_version`` is the candidate that was tried; empty, the live model was. ``digest`` is the same for
    the same answers.
    """

    class State(models.TextChoices):
        QUEUED = workflow.QUEUED, "Waiting"
        RUNNING = workflow.RUNNING, "Running"
        DONE = workflow.DONE, "Done"
        CANCELLED = workflow.CANCELLED, "Stopped"
        FAILED = workflow.FAILED, "Broken off"

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    model_version = models.ForeignKey(
        "intents.ModelVersion", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    bundle = models.JSONField(default=dict)
    job = models.ForeignKey("core.Job", on_delete=models.SET_NULL, related_name="+", null=True)
    total = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    started_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("run_simulation", "Can run simulations")]
        indexes = [models.Index(fields=["suite", "state", "-id"], name="runs_of_suite")]
        constraints = [
            models.UniqueConstraint(
                fields=["suite"],
                condition=Q(state__in=workflow.UNDER_WAY, model_version=None),
                name="one_live_run_of_a_suite_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=workflow.DONE) | Q(total=F("passed") + F("failed")),
                name="done_run_has_played_all",
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"


class SimulationResult(Immutable):
    """How one scenario went. Words and hash are those of then; ``number`` is its place in the run."""

    run = models.ForeignKey(SimulationRun, on_delete=models.PROTECT, related_name="results")
    scenario = models.ForeignKey(Scenario, on_delete=models.SET_NULL, related_name="+", null=True)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    passed = models.BooleanField()
    checks = models.PositiveIntegerField()
    failures = models.JSONField(default=list)
    transcript = models.JSONField(default=list)
    ms = models.FloatField()

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_simulation_result_per_number"),
            models.UniqueConstraint(fields=["run", "name"], name="one_simulation_result_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'failed'}"
