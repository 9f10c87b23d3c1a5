"""What was trained on which examples, and what is live: one release at a time."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from intents.querysets import ReleaseQuerySet


class DatasetSnapshot(models.Model):
    """The exact texts of a training: ``rows`` is [[example id, text, intent slug], …] ordered by id."""

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    rows = models.JSONField(editable=False)
    label_names = models.JSONField(editable=False, help_text="Intent slug → label, as the training saw them.")
    counts = models.JSONField(
        editable=False, help_text="Intent slug → number of real and synthetic examples."
    )
    off_topic = models.JSONField(
        default=list, editable=False, help_text="Texts known to be off-topic, which sharpen the threshold."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "dataset snapshot"

    def __str__(self) -> str:
        return f"Snapshot {self.sha256[:12]}"


class ModelVersion(models.Model):
    """One trained classifier: a file under MODEL_DIR, and everything needed to trust or refuse it."""

    class State(models.TextChoices):
        TRAINING = "training", "Training"
        READY = "ready", "Ready"
        REFUSED = "refused", "Refused"
        RETIRED = "retired", "Retired"

    number = models.PositiveIntegerField(unique=True, editable=False)
    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.TRAINING)
    refusal = models.TextField(blank=True)
    job = models.ForeignKey("core.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    artefact_name = models.CharField(max_length=120, blank=True)
    artefact_sha256 = models.CharField(max_length=64, blank=True)
    artefact_bytes = models.PositiveBigIntegerField(default=0)
    library_versions = models.JSONField(default=dict)
    encoder_fingerprint = models.CharField(max_length=64, blank=True)
    threshold = models.FloatField(null=True)
    temperature = models.FloatField(null=True)
    metrics = models.JSONField(default=dict)
    settings = models.JSONField(default=dict)
    created_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    trained_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        verbose_name = "model version"
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot"], condition=Q(state="training"), name="one_training_per_snapshot"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["training", "refused"]) | ~Q(artefact_sha256=""),
                name="ready_version_has_an_artefact",
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class Release(models.Model):
    """A model version going live; the rows are the history of what answered when."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    restores = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The earlier release that this one brings back.",
    )
    is_live = models.BooleanField(default=True)
    note = models.CharField(max_length=500, blank=True)
    gate = models.JSONField(
        default=dict,
        editable=False,
        help_text="What the checks said when it went live; empty on the way back.",
    )
    override_reason = models.CharField(
        max_length=500, blank=True, help_text="Why it went live although a check stood in the way."
    )
    activated_at = models.DateTimeField(auto_now_add=True)
    activated_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    deactivated_at = models.DateTimeField(null=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        permissions = [
            ("release_model", "Can activate and roll back intent models"),
            ("override_gate", "Can release a model although a check stands in the way"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["is_live"], condition=Q(is_live=True), name="one_live_release")
        ]

    def __str__(self) -> str:
        return f"Release {self.number}"

    def as_record(self) -> dict[str, Any]:
        """Return the fields that the activity log keeps."""
        return {"release": self.number, "model_version_id": self.model_version_id, "note": self.note}
