"""Rows of the categories: what tickets are about, as clusters proposed it and people decided.

A ticket belongs to a cluster, a cluster to a category. Merging, splitting and moving put clusters elsewhere,
so each is a handful of rows, and can be taken back. Changed by tickets.services only.
"""

from __future__ import annotations

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tickets import labelling, outcomes
from tickets.querysets import CategoryQuerySet

NAME_LENGTH = 80


class Category(models.Model):
    """One issue type; ``is_core``: among the 10 to 15 that the training starts with."""

    class Label(models.TextChoices):
        AI_RESOLVABLE = labelling.AI_RESOLVABLE, "AI-resolvable"
        AI_ASSISTED = labelling.AI_ASSISTED, "AI-assisted"
        HUMAN_ONLY = labelling.HUMAN_ONLY, "Human-only"

    name = models.CharField(max_length=NAME_LENGTH)
    description = models.TextField(blank=True, validators=[MaxLengthValidator(2_000)])
    is_core = models.BooleanField("core", default=True)
    label = models.CharField(max_length=15, choices=Label, blank=True)
    label_reason = models.TextField(blank=True, validators=[MaxLengthValidator(500)])
    labelled_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    labelled_at = models.DateTimeField(null=True)
    needs_judgement = models.BooleanField(default=False)
    policy_exception = models.BooleanField(default=False)
    multi_system = models.BooleanField("several systems", default=False)
    retired_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["name", "id"]
        permissions = [("label_category", "Can say who resolves a category")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=Q(retired_at=None), name="one_category_in_use_per_name"
            ),
            models.CheckConstraint(
                condition=Q(label="") | Q(labelled_at__isnull=False), name="label_has_a_moment"
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(retired_at__isnull=False), name="merged_is_retired"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Clustering(models.Model):
    """One run of the clustering, with everything that made it so."""

    seed = models.PositiveIntegerField()
    encoder = models.CharField(max_length=64)
    settings = models.JSONField(default=dict)
    tickets = models.PositiveIntegerField()
    mean = models.BinaryField(help_text="Of all vectors: taken away before they are compared; float32.")
    least_similarity = models.FloatField(help_text="A ticket less similar to every cluster is unclassified.")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Clustering {self.pk}"


class Cluster(models.Model):
    """Tickets that are about the same, by their vectors. ``centroid``: unit float32, little endian."""

    clustering = models.ForeignKey(Clustering, on_delete=models.PROTECT, related_name="clusters")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="clusters")
    centroid = models.BinaryField()
    terms = models.JSONField(default=list)
    size = models.PositiveIntegerField(help_text="Tickets in it when it was made.")

    class Meta:
        ordering = ["-size", "id"]

    def __str__(self) -> str:
        return " · ".join(self.terms[:4]) or f"Cluster {self.pk}"


class TicketVector(models.Model):
    """The sentence vector of a ticket's words under one encoder: unit float16, little endian."""

    ticket = models.OneToOneField(
        "tickets.Ticket", on_delete=models.CASCADE, primary_key=True, related_name="vector"
    )
    content_hash = models.CharField(max_length=64)
    encoder = models.CharField(max_length=64)
    vector = models.BinaryField()

    def __str__(self) -> str:
        return f"vector of ticket {self.ticket_id}"


class Classification(models.Model):
    """The three values of a ticket: issue type (by its cluster), resolution path, escalation outcome.

    No cluster is an explicit "unclassified". ``evidence`` holds the words by which the rules decided.
    """

    class Path(models.TextChoices):
        INFORMATION = outcomes.INFORMATION, "Explained"
        ACTION = outcomes.ACTION, "Done for the customer"
        ENGINEERING = outcomes.ENGINEERING, "Engineering"
        SPECIALIST = outcomes.SPECIALIST, "Another team"
        SELF_SOLVED = outcomes.SELF_SOLVED, "Solved by the customer"
        NO_REPLY = outcomes.NO_REPLY, "No reply"
        UNCLASSIFIED = outcomes.UNCLASSIFIED, "Unclassified"

    class Escalation(models.TextChoices):
        NOT_ESCALATED = outcomes.NOT_ESCALATED, "Not escalated"
        REASSIGNED = outcomes.REASSIGNED, "Passed to another team"
        ESCALATED = outcomes.ESCALATED, "Escalated"
        UNCLASSIFIED = outcomes.UNCLASSIFIED, "Unclassified"

    ticket = models.OneToOneField(
        "tickets.Ticket", on_delete=models.CASCADE, primary_key=True, related_name="classification"
    )
    cluster = models.ForeignKey(Cluster, on_delete=models.SET_NULL, null=True, related_name="tickets")
    similarity = models.FloatField(null=True)
    by_hand = models.BooleanField(default=False, help_text="A person put it there; runs leave it there.")
    resolution_path = models.CharField(max_length=15, choices=Path, default=Path.UNCLASSIFIED)
    escalation_outcome = models.CharField(max_length=15, choices=Escalation, default=Escalation.UNCLASSIFIED)
    needs_judgement = models.BooleanField(default=False)
    policy_exception = models.BooleanField(default=False)
    multi_system = models.BooleanField("several systems", default=False)
    evidence = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64, help_text="Of the ticket that the rules have read.")
    rules_version = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"classification of ticket {self.ticket_id}"


class CategoryChange(models.Model):
    """One act on the board, with what it takes to take it back. Taken back from the newest on."""

    class Kind(models.TextChoices):
        PROPOSE = "propose", "Proposed"
        RENAME = "rename", "Renamed"
        MERGE = "merge", "Merged"
        SPLIT = "split", "Split"
        MOVE = "move", "Moved"
        DIVIDE = "divide", "Divided"
        CORE = "core", "Core"
        LABEL = "label", "Labelled"

    kind = models.CharField(max_length=10, choices=Kind)
    summary = models.CharField(max_length=300)
    before = models.JSONField(default=dict)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "change of categories"
        verbose_name_plural = "changes of categories"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.summary
