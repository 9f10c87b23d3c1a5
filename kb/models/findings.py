"""The claim ledger: what published articles state; and what was found between two of them, with verdicts."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from kb.models.articles import Article, Revision

MAX_REASON = 500


class ComparedArticle(models.Model):
    """How far an article has been compared with the others: which text, for which readers, by which rules."""

    article = models.OneToOneField(
        Article, on_delete=models.CASCADE, primary_key=True, related_name="compared"
    )
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="+")
    rules = models.CharField(max_length=40, help_text="Version of the extraction, and the encoder.")
    readers = models.CharField(max_length=64, help_text="A hash of the audience.")
    is_done = models.BooleanField(default=False, help_text="The ledger has it, and the findings do.")
    compared_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.article_id} as of revision {self.revision_id}"


class ArticleClaim(models.Model):
    """One statement of a published text: what of, which values, for which plans.

    ``details`` is the whole of kb.claims.extraction.Claim, ``vector`` its subject's, float16.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="claims")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    sentence = models.CharField(max_length=400)
    subject = models.CharField(max_length=400)
    values = models.CharField(max_length=300, blank=True, help_text="The figures and places that it names.")
    dimensions = models.CharField(max_length=200, blank=True)
    plans = models.CharField(max_length=200, blank=True)
    is_denied = models.BooleanField()
    details = models.JSONField()
    vector = models.BinaryField()

    class Meta:
        verbose_name = "statement"
        ordering = ["article", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["article", "ordinal"], name="kb_one_claim_per_ordinal")
        ]

    def __str__(self) -> str:
        return self.sentence


class PairFindingQuerySet(models.QuerySet["PairFinding"]):
    """Findings, narrowed in English."""

    def present(self) -> Self:
        """Keep those whose words still stand in published articles."""
        return self.filter(gone_at=None)

    def about(self, article_id: int) -> Self:
        """Keep those that name the article first or second."""
        return self.filter(Q(first_id=article_id) | Q(second_id=article_id))

    def open(self) -> Self:
        """Keep those that wait for somebody."""
        return self.present().filter(state=PairFinding.State.OPEN)


class PairFinding(models.Model):
    """Two articles that cannot both stay as they are, and what a person said about it.

    ``key`` stands for the words that were judged: other words make another finding, so a verdict holds as
    long as they do. ``pairs`` are all pairs of articles that it is true of ([[one, other], …], the one states
    ``first_sentence``); none once the words are gone. ``first`` and ``second`` are the first pair; they stay.
    """

    class Kind(models.TextChoices):
        CONTRADICTION = "contradiction", "Contradiction"
        NEAR_DUPLICATE = "near_duplicate", "Near-duplicate"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DISMISSED = "dismissed", "No problem"

    kind = models.CharField(max_length=14, choices=Kind)
    key = models.CharField(max_length=64, unique=True)
    first = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    pairs = models.JSONField(default=list)
    text = models.CharField(max_length=600)
    first_sentence = models.CharField(max_length=400, blank=True)
    second_sentence = models.CharField(max_length=400, blank=True)
    differs_in = models.CharField(max_length=40, blank=True)
    share = models.FloatField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(auto_now_add=True)
    gone_at = models.DateTimeField(null=True, help_text="When the words that it is about were changed.")

    objects = PairFindingQuerySet.as_manager()

    class Meta:
        verbose_name = "contradiction or double"
        verbose_name_plural = "contradictions and doubles"
        ordering = ["-id"]
        indexes = [models.Index(fields=["gone_at", "state", "kind"], name="kb_finding_queue")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open") | (~Q(reason="") & ~Q(decided_by="")),
                name="kb_verdict_has_a_reason",
            )
        ]

    def __str__(self) -> str:
        return self.text
