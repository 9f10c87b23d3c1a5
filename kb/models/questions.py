"""Test questions of articles, and how many of them found their article when somebody looked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kb.models.articles import Article, Revision

QUESTION_LENGTH = 500


class ArticleQuestion(models.Model):
    """A question that must find its article. Suggested ones count only once a person has accepted them."""

    class Origin(models.TextChoices):
        TICKET = "ticket", "Ticket"
        QUERY = "query", "Customer's query"
        WRITTEN = "written", "Written here"

    class State(models.TextChoices):
        SUGGESTED = "suggested", "Suggested"
        ACTIVE = "active", "Active"
        OFF = "off", "Switched off"
        REJECTED = "rejected", "Rejected"

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="questions")
    text = models.CharField(max_length=QUESTION_LENGTH)
    key = models.CharField(max_length=64, editable=False, help_text="The same for the same words.")
    origin = models.CharField(max_length=8, choices=Origin)
    source = models.CharField(max_length=100, blank=True, help_text="The ticket or turn that it comes from.")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    decided_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "test question"
        ordering = ["article", "id"]
        indexes = [models.Index(fields=["state", "article"], name="kb_question_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["article", "key"], name="kb_one_question_per_words"),
            models.CheckConstraint(condition=~Q(text=""), name="kb_question_has_words"),
        ]

    def __str__(self) -> str:
        return self.text


class QuestionRun(models.Model):
    """One run of test questions, of one article or of all (no article). Written once.

    ``details`` is [{"article", "title", "question", "text", "rank" or None, "first"}, …]: of a run over
    one article every question, of one over all those that failed, the first 500. ``first`` is the title of
    what came first.
    """

    class Occasion(models.TextChoices):
        PUBLICATION = "publication", "Publication"
        CHECK = "check", "Check of all articles"

    occasion = models.CharField(max_length=12, choices=Occasion)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, null=True, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, null=True, related_name="+")
    articles = models.PositiveIntegerField(default=1)
    too_few = models.PositiveIntegerField(default=0, help_text="Articles with fewer than three questions.")
    asked = models.PositiveIntegerField()
    found = models.PositiveIntegerField(help_text="Questions whose article is among the first three.")
    details = models.JSONField(default=list)
    index_number = models.PositiveBigIntegerField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "run of test questions"
        verbose_name_plural = "runs of test questions"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(found__lte=models.F("asked")), name="kb_found_of_asked")
        ]

    def __str__(self) -> str:
        return f"{self.found} of {self.asked} questions"

    @property
    def recall(self) -> float | None:
        """Share of questions whose article is among the first three; None where none was asked."""
        return self.found / self.asked if self.asked else None
