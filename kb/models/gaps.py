"""What customers asked and nothing answered, put together into gaps, and the drafts that are to fill them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kb.gaps import workflow
from kb.models.articles import TITLE_LENGTH, Article, Revision
from kb.querysets import GapQuerySet

SIGNAL_LENGTH = 1_000


class Gap(models.Model):
    """One thing that the knowledge base does not answer.

    ``centroid`` is the mean of its signals' vectors under ``encoder``, as kb.embedding.pack writes it.
    ``count`` are its signals, ``since_closed`` those that came after it was dismissed or resolved.
    """

    class State(models.TextChoices):
        OPEN = workflow.OPEN, "Open"
        DRAFTING = workflow.DRAFTING, "Being written"
        RESOLVED = workflow.RESOLVED, "Resolved"
        DISMISSED = workflow.DISMISSED, "Dismissed"

    title = models.CharField(max_length=TITLE_LENGTH)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    note = models.CharField(
        max_length=500, blank=True, help_text="Why it was dismissed, came back, or is not resolved yet."
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    centroid = models.BinaryField()
    encoder = models.CharField(max_length=16)
    count = models.PositiveIntegerField(default=0)
    since_closed = models.PositiveIntegerField(default=0)
    last_seen = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = GapQuerySet.as_manager()

    class Meta:
        ordering = ["-count", "-last_seen", "id"]
        indexes = [models.Index(fields=["state", "-count"], name="kb_gap_queue")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=workflow.DISMISSED) | ~Q(note=""), name="kb_dismissal_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=workflow.DRAFTING) | Q(article__isnull=False),
                name="kb_drafting_has_a_draft",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class GapSignal(models.Model):
    """One piece of news that something is missing; the text is masked. A source counts once a kind."""

    class Kind(models.TextChoices):
        UNANSWERED = "unanswered", "Nothing answered it"
        LOW_SCORE = "low_score", "Found nothing near"
        THUMBS_DOWN = "thumbs_down", "Thumbs down"
        HANDOFF = "handoff", "Handoff for want of an answer"
        TICKET = "ticket", "Ticket of an uncovered category"
        OUT_OF_SCOPE = "out_of_scope", "Excluded by an article"

    gap = models.ForeignKey(Gap, on_delete=models.CASCADE, related_name="signals")
    kind = models.CharField(max_length=12, choices=Kind)
    source = models.CharField(max_length=60)
    text = models.CharField(max_length=SIGNAL_LENGTH)
    day = models.DateField()
    article = models.ForeignKey(
        Article, on_delete=models.SET_NULL, null=True, related_name="+", help_text="What was shown."
    )
    vector = models.BinaryField()
    encoder = models.CharField(max_length=16)

    class Meta:
        verbose_name = "signal"
        ordering = ["-day", "-id"]
        indexes = [models.Index(fields=["gap", "-day"], name="kb_signal_of_gap")]
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="kb_one_signal_per_source")]

    def __str__(self) -> str:
        return self.text[:80]


class GapChange(models.Model):
    """One act on a gap, with what it takes to take it back. Taken back from the newest on."""

    class Kind(models.TextChoices):
        MERGE = "merge", "Merged"
        SPLIT = "split", "Split"
        DISMISS = "dismiss", "Dismissed"
        DRAFT = "draft", "Draft started"
        REOPEN = "reopen", "Opened again"

    gap = models.ForeignKey(Gap, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    summary = models.CharField(max_length=600)
    before = models.JSONField(default=dict)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.summary


class DraftSource(models.Model):
    """A closed ticket whose reply went into a draft; the label outlives the ticket."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="sources")
    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.SET_NULL, null=True, related_name="+")
    label = models.CharField(max_length=140)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "label"], name="kb_one_source_per_draft_and_ticket")
        ]

    def __str__(self) -> str:
        return self.label
