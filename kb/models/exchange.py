"""Where articles come from outside, what waits for a person's choice, and imports that the admin began."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kb.exchange import workflow
from kb.exchange.contracts import OUTCOMES
from kb.models.articles import TITLE_LENGTH, Article, Revision


class ExchangeSystem(models.TextChoices):
    MARKDOWN = "markdown", "Markdown"
    ZENDESK = "zendesk", "Zendesk"
    FRESHDESK = "freshdesk", "Freshdesk"


class ArticleSource(models.Model):
    """The article of another system that an article here is kept in step with.

    ``text_hash`` and ``facts`` are what the source said when it was last taken in or declined, ``revision``
    is what its text last became here. Where both sides have changed, the source's version waits as
    ``pending`` (title, body, text_hash, facts) with a ``conflict`` that says why, until a person chooses.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="exchange_sources")
    system = models.CharField(max_length=10, choices=ExchangeSystem)
    external_id = models.CharField("id there", max_length=200)
    url = models.CharField("address there", max_length=1000, blank=True)
    source_updated_at = models.DateTimeField("changed there", null=True)
    text_hash = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, null=True, related_name="+")
    conflict = models.CharField(max_length=500, blank=True)
    pending = models.JSONField(default=dict)
    updated_at = models.DateTimeField("last change here", auto_now=True)

    class Meta:
        verbose_name = "article source"
        ordering = ["-id"]
        indexes = [models.Index(fields=["conflict"], name="kb_source_conflict")]
        constraints = [
            models.UniqueConstraint(fields=["system", "external_id"], name="kb_one_article_per_source"),
            models.CheckConstraint(
                condition=Q(conflict="") | ~Q(pending={}), name="kb_conflict_has_the_other_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_system_display()} {self.external_id}"


class ArticleImport(models.Model):
    """One upload of articles: read, looked at, then taken in row by row by a job."""

    class State(models.TextChoices):
        READING = workflow.READING, "Being read"
        READY = workflow.READY, "Waits for your look"
        QUEUED = workflow.QUEUED, "Queued"
        RUNNING = workflow.RUNNING, "Running"
        DONE = workflow.DONE, "Done"
        FAILED = workflow.FAILED, "Failed"
        STOPPED = workflow.STOPPED, "Stopped"

    source = models.CharField("format", max_length=10, choices=ExchangeSystem)
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64, editable=False)
    stored_name = models.CharField(max_length=64, blank=True, editable=False)
    mapping = models.JSONField(
        "audience mapping", default=dict, blank=True, help_text="Which segment or folder is which audience."
    )
    state = models.CharField(max_length=10, choices=State, default=State.READING)
    error = models.CharField(max_length=500, blank=True)
    job = models.ForeignKey("core.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "import of articles"
        verbose_name_plural = "imports of articles"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class ArticleImportRow(models.Model):
    """What would become of one row, and once it ``is_done`` what has."""

    class Outcome(models.TextChoices):
        CREATED = "created", "New"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        CONFLICT = "conflict", "Conflict"
        SKIPPED = "skipped", "Skipped"
        REJECTED = "rejected", "Rejected"

    batch = models.ForeignKey(ArticleImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    where = models.CharField(max_length=300)
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=500, blank=True)
    is_done = models.BooleanField(default=False)
    article = models.ForeignKey(Article, on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.ForeignKey(ArticleSource, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="kb_one_import_row_per_number"),
            models.CheckConstraint(condition=Q(outcome__in=OUTCOMES), name="kb_known_import_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.where}: {self.outcome}"
