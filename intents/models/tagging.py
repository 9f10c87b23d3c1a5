"""The tagging inbox: customers' messages, what people decided about them, and the policy of that."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from intents.tagging import workflow
from intents.tagging.querysets import TaggingDecisionQuerySet, TaggingItemQuerySet
from intents.workflow import MAX_EXAMPLE_LENGTH


class TaggingItem(models.Model):
    """One customer's message, cleaned and masked, with what the live model said when it was queued.

    ``alternatives`` is [[intent slug, confidence], …], the next ones; ``vector`` is unit float16, little
    endian. A ticket that is erased takes its message along.
    """

    class State(models.TextChoices):
        WAITING = workflow.WAITING, "Waiting"
        ADJUDICATION = workflow.ADJUDICATION, "Awaits a lead"
        DECIDED = workflow.DECIDED, "Decided"
        SKIPPED = workflow.SKIPPED, "Skipped"

    class Outcome(models.TextChoices):
        INTENT = workflow.INTENT, "Intent"
        OFF_TOPIC = workflow.OFF_TOPIC, "Off-topic"

    text = models.CharField(max_length=MAX_EXAMPLE_LENGTH)
    text_hash = models.CharField(max_length=64, unique=True, editable=False)
    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="+")
    source_ref = models.CharField(max_length=200)
    category = models.ForeignKey("tickets.Category", on_delete=models.SET_NULL, null=True, related_name="+")
    volume = models.PositiveIntegerField(default=1, help_text="Tickets of its category.")
    closed_at = models.DateTimeField()
    doubles = models.PositiveIntegerField(default=0, help_text="Near-duplicates that it stands for.")
    suggested_slug = models.CharField(max_length=60, blank=True)
    confidence = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    alternatives = models.JSONField(default=list)
    release = models.PositiveIntegerField(null=True)
    model_version = models.PositiveIntegerField(null=True)
    vector = models.BinaryField(default=b"")
    encoder = models.CharField(max_length=64, blank=True)
    position = models.PositiveIntegerField(default=0)
    is_random = models.BooleanField(default=False, help_text="Drawn whatever the model thinks of it.")
    is_double = models.BooleanField(default=False, help_text="Goes to two people.")
    is_golden = models.BooleanField(default=False, help_text="Its answer is known: it tests taggers.")
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    claimed_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    intent = models.ForeignKey("intents.Intent", on_delete=models.PROTECT, null=True, related_name="+")
    example = models.ForeignKey("intents.Example", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TaggingItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name = "message to tag"
        verbose_name_plural = "messages to tag"
        permissions = [
            ("tag_message", "Can tag customers' messages"),
            ("adjudicate_tagging", "Can settle disagreements between taggers"),
        ]
        indexes = [
            models.Index(fields=["state", "position", "id"], name="tagging_queue"),
            models.Index(fields=["outcome"], name="tagging_outcome"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="intent", intent__isnull=False)
                | (~Q(outcome="intent") & Q(intent__isnull=True)),
                name="tagging_intent_belongs_to_its_outcome",
            ),
            models.CheckConstraint(
                condition=Q(state="decided") ^ Q(outcome=""), name="tagging_decided_has_an_outcome"
            ),
            models.CheckConstraint(
                condition=Q(is_golden=False) | Q(state="decided"), name="golden_item_has_an_answer"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class TaggingDecision(models.Model):
    """What one person said about one message, and what they had been shown. Undone, never deleted.

    ``key`` is made by the browser: the same decision that is sent twice is kept once.
    """

    class Role(models.TextChoices):
        FIRST = workflow.FIRST, "First"
        SECOND = workflow.SECOND, "Second"
        GOLDEN = workflow.GOLDEN, "Golden"
        PASSED = workflow.PASSED, "Passed on"
        SETTLED = workflow.SETTLED, "Settled"

    class Answer(models.TextChoices):
        INTENT = workflow.INTENT, "Intent"
        OFF_TOPIC = workflow.OFF_TOPIC, "Off-topic"
        SKIP = workflow.SKIP, "Skipped"
        PROPOSAL = workflow.PROPOSAL, "New intent proposed"

    class SkipReason(models.TextChoices):
        NO_REQUEST = "no_request", "Not a request"
        UNCLEAR = "unclear", "Unclear"
        SEVERAL = "several", "Several issues"

    key = models.UUIDField(unique=True, editable=False)
    item = models.ForeignKey(TaggingItem, on_delete=models.CASCADE, related_name="decisions")
    person = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    person_name = models.CharField("by", max_length=150)
    role = models.CharField(max_length=8, choices=Role)
    answer = models.CharField(max_length=10, choices=Answer)
    intent = models.ForeignKey("intents.Intent", on_delete=models.PROTECT, null=True, related_name="+")
    skip_reason = models.CharField(max_length=10, choices=SkipReason, blank=True)
    proposed_label = models.CharField(max_length=100, blank=True)
    proposed_description = models.TextField(max_length=2_000, blank=True)
    suggested_slug = models.CharField("suggestion shown", max_length=60, blank=True)
    suggested_confidence = models.FloatField(null=True)
    suggested_release = models.PositiveIntegerField(null=True)
    suggested_version = models.PositiveIntegerField(null=True)
    agreed = models.BooleanField("as suggested", null=True, help_text="Empty: nothing was suggested.")
    golden_right = models.BooleanField(null=True)
    seconds = models.FloatField()
    example = models.ForeignKey("intents.Example", on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    objects = TaggingDecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "tagging decision"
        indexes = [
            models.Index(fields=["person", "-decided_at"], name="tagging_of_person"),
            models.Index(fields=["role", "undone_at"], name="tagging_role"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "person"],
                condition=Q(undone_at=None) & ~Q(role="settled"),
                name="one_standing_tag_per_person",
            ),
            models.UniqueConstraint(
                fields=["item", "role"],
                condition=Q(undone_at=None, role__in=["first", "second", "settled"]),
                name="one_standing_tag_per_role",
            ),
            models.CheckConstraint(
                condition=Q(answer="intent", intent__isnull=False)
                | (~Q(answer="intent") & Q(intent__isnull=True)),
                name="tagging_answer_names_its_intent",
            ),
            models.CheckConstraint(
                condition=~Q(answer="proposal") | ~Q(proposed_label=""), name="tagging_proposal_has_a_label"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_name}: {self.answer_label}"

    @property
    def answer_label(self) -> str:
        """What was said, in words."""
        if self.intent is not None:
            return self.intent.label
        if self.answer == workflow.PROPOSAL:
            return f"New intent “{self.proposed_label}”"
        if self.answer == workflow.SKIP and self.skip_reason:
            return f"Skipped: {self.get_skip_reason_display().lower()}"
        return self.get_answer_display()

    def as_record(self) -> dict[str, Any]:
        """Return the fields that the activity log keeps."""
        return {"decision": self.pk, "role": self.role, "answer": self.answer, "intent_id": self.intent_id}


class TaggingPolicy(models.Model):
    """How many messages two people get, how many test the taggers, and how long the inbox is. One row."""

    double_percent = models.PositiveSmallIntegerField(
        "tagged twice, %",
        default=20,
        validators=[MaxValueValidator(100)],
        help_text="So many messages of a hundred go to a second person.",
    )
    golden_percent = models.PositiveSmallIntegerField(
        "golden, %",
        default=5,
        validators=[MaxValueValidator(50)],
        help_text="So many of a hundred are messages whose answer is known; taggers cannot tell which.",
    )
    is_blind = models.BooleanField(
        "second person works blind",
        default=True,
        help_text="The second person sees no suggestion. The first person's choice is never shown.",
    )
    queue_size = models.PositiveIntegerField(
        "length of the inbox",
        default=workflow.DEFAULT_QUEUE_SIZE,
        validators=[MinValueValidator(20), MaxValueValidator(workflow.POOL)],
        help_text="The most messages that wait at a time.",
    )

    class Meta:
        verbose_name = "tagging policy"
        verbose_name_plural = "tagging policy"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_tagging_policy")]

    def __str__(self) -> str:
        return "Tagging policy"
