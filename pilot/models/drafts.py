"""What the agent drafted in a pilot, and what people say of it. Undone, never deleted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from pilot import workflow
from pilot.models.pilots import Pilot
from runtime.contracts import MAX_TEXT_CHARACTERS

MAX_NOTE = 1_000


class Draft(models.Model):
    """One turn of a pilot: the draft is its reply. Goes with its turn, where customers' words are erased.

    ``happened_at`` is when the customer wrote: for a replayed ticket, in the ticket's own time. ``week`` is
    its Monday. ``missing`` reviews are asked for; 0 where it is in no sample or all have been given.
    ``sent_text`` is what the customer got in the end, where that is known.
    """

    class SentVia(models.TextChoices):
        AGENT = "agent", "By the agent at once"
        DESK = "desk", "From the review desk"
        API = "api", "Reported through the API"
        TICKET = "ticket", "As the ticket says"
        WEBHOOK = "webhook", "As the help desk's webhook says"

    pilot = models.ForeignKey(Pilot, on_delete=models.CASCADE, related_name="drafts")
    turn = models.OneToOneField("runtime.Turn", on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey("runtime.Conversation", on_delete=models.CASCADE, related_name="+")
    mode = models.CharField(max_length=6)
    happened_at = models.DateTimeField()
    week = models.DateField()
    in_sample = models.BooleanField(default=False)
    is_double = models.BooleanField("reviewed twice", default=False)
    missing = models.PositiveSmallIntegerField("reviews missing", default=0)
    priority = models.PositiveSmallIntegerField(default=workflow.USUAL_PRIORITY)
    claimed_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    sent_text = models.TextField(max_length=MAX_TEXT_CHARACTERS, blank=True)
    sent_via = models.CharField(max_length=7, choices=SentVia, blank=True)
    sent_by = models.CharField(max_length=150, blank=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("review_draft", "Can review drafts")]
        indexes = [
            models.Index(fields=["pilot", "week"], name="draft_by_week"),
            models.Index(
                fields=["priority", "happened_at", "id"], condition=Q(missing__gt=0), name="draft_queue"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(missing__lte=2), name="at_most_two_reviews_missing"),
            models.CheckConstraint(
                condition=Q(sent_at=None, sent_via="") | Q(sent_at__isnull=False) & ~Q(sent_via=""),
                name="sent_draft_has_a_time_and_a_way",
            ),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Review(models.Model):
    """What one person said about one draft. ``key`` is made by the browser: sent twice, it is kept once."""

    class Verdict(models.TextChoices):
        CORRECT = workflow.CORRECT, "Correct"
        WRONG_FACT = workflow.WRONG_FACT, "A fact is wrong"
        WRONG_TONE = workflow.WRONG_TONE, "The tone is wrong"
        WRONG_SEGMENT = workflow.WRONG_SEGMENT, "Wrong for this kind of account"
        INCOMPLETE = workflow.INCOMPLETE, "Incomplete"
        OUTDATED = workflow.OUTDATED, "Outdated"
        UNSAFE = workflow.UNSAFE, "Unsafe: must never be sent"

    class Outcome(models.TextChoices):
        APPROVED = workflow.APPROVED, "Approved as it was"
        EDITED = workflow.EDITED, "Edited"
        REJECTED = workflow.REJECTED, "Rejected"

    class Role(models.TextChoices):
        FIRST = workflow.FIRST, "First"
        SECOND = workflow.SECOND, "Second"

    key = models.UUIDField(unique=True, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="reviews")
    person = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    person_name = models.CharField("by", max_length=150)
    role = models.CharField(max_length=6, choices=Role)
    outcome = models.CharField(max_length=8, choices=Outcome)
    verdict = models.CharField(max_length=13, choices=Verdict)
    tier = models.CharField(
        max_length=64, blank=True, help_text="The kind of account for which the draft is wrong."
    )
    final_text = models.TextField(
        max_length=MAX_TEXT_CHARACTERS, blank=True, help_text="The text as the reviewer left it."
    )
    note = models.TextField(max_length=MAX_NOTE, blank=True)
    seconds = models.FloatField()
    reviewed_at = models.DateTimeField(auto_now_add=True, db_index=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "person"], condition=Q(undone_at=None), name="one_standing_review_per_person"
            ),
            models.UniqueConstraint(
                fields=["draft", "role"], condition=Q(undone_at=None), name="one_standing_review_per_role"
            ),
            models.CheckConstraint(
                condition=~Q(outcome=workflow.APPROVED) | Q(verdict=workflow.CORRECT),
                name="approved_draft_is_correct",
            ),
            models.CheckConstraint(
                condition=Q(verdict=workflow.WRONG_SEGMENT) & ~Q(tier="")
                | ~Q(verdict=workflow.WRONG_SEGMENT) & Q(tier=""),
                name="wrong_segment_names_its_tier",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=workflow.EDITED) | ~Q(final_text=""), name="edited_draft_has_a_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_name}: {self.get_verdict_display()}"
