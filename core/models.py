"""Rows that every app leans on: people, API keys, the activity log, jobs, idempotency records."""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone


class User(AbstractUser):
    """A person who signs in to the admin."""


class ApiKey(models.Model):
    """A bot's credential: the key itself is shown once and kept only as its sha256."""

    class Scope(models.TextChoices):
        RUNTIME = "runtime", "Runtime: classify, search, turns, handoffs"
        READ = "read", "Read: articles, intents, conversations, events"
        CONTENT = "content", "Content: write articles and intents"
        FEEDBACK = "feedback", "Feedback: ratings, CSAT, reopened"
        IDENTITY = "identity", "Identity: may say who the customer is"

    name = models.CharField(max_length=100, unique=True)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    requests_per_minute = models.PositiveIntegerField(default=3000)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+", null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def usable(self) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class AppendOnly(models.QuerySet["Activity"]):
    """A queryset that can be read and added to, never changed."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The activity log is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("The activity log is append-only.")


class Activity(models.Model):
    """One thing that somebody did, as it was told at the time. Written by core.activity only."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=150)
    verb = models.CharField(max_length=60, db_index=True)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=64)
    target_label = models.CharField(max_length=200)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = "activity"
        verbose_name_plural = "activity log"
        ordering = ["-id"]
        indexes = [models.Index(fields=["target_type", "target_id", "-id"], name="activity_target")]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.verb} {self.target_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The activity log is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The activity log is append-only.")


class Job(models.Model):
    """Background work. The row is the truth; a broker message only says that it is there."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        QUARANTINED = "quarantined", "Quarantined"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=100, db_index=True)
    arguments = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=150, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_by = models.CharField(max_length=150, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    progress_message = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    available_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "available_at"], name="job_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=Q(state="queued") & ~Q(dedupe_key=""),
                name="one_queued_job_per_dedupe_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {str(self.id)[:8]}"


class Heartbeat(models.Model):
    """When a part of the system last showed that it works (see /readyz and the dashboard)."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """The answer to an acting request, kept so that a repeated request gets the same one."""

    api_key = models.ForeignKey("core.ApiKey", on_delete=models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    lease_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["api_key", "endpoint", "key"], name="one_answer_per_idempotency_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.key}"
