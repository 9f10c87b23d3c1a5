"""Articles and their immutable revisions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property

from kb import workflow
from kb.models.audiences import AudienceValue, Label, ProductPage
from kb.querysets import ArticleQuerySet, RevisionQuerySet

TITLE_LENGTH = 200


class Article(models.Model):
    """One topic. Its text lives in revisions; bots see the published one and no other."""

    slug = models.SlugField(max_length=120, unique=True)
    title = models.CharField(max_length=TITLE_LENGTH)  # of the newest revision, for lists
    latest_number = models.PositiveIntegerField(default=0, editable=False)
    owner = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    for_everyone = models.BooleanField(default=False)
    audience_values = models.ManyToManyField(
        AudienceValue, through="kb.ArticleAudience", related_name="articles"
    )
    pages = models.ManyToManyField(ProductPage, blank=True, related_name="articles")
    labels = models.ManyToManyField(Label, blank=True, related_name="+")
    review_by = models.DateField(null=True, blank=True, help_text="When somebody should check it again.")
    review_by_is_default = models.BooleanField(
        default=False, editable=False, help_text="The day comes from the policy; nobody has named it."
    )
    checked_at = models.DateTimeField(null=True, editable=False)
    checked_by = models.CharField(max_length=150, blank=True, editable=False)
    published_revision = models.ForeignKey(
        "kb.Revision", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    archived_at = models.DateTimeField(null=True, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="merged"
    )  # where readers of its address are led
    expires_at = models.DateTimeField(null=True, editable=False)  # no reader sees it from then on
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(archived_at__isnull=False) & ~Q(merged_into=F("pk")),
                name="kb_merged_article_is_archived",
            )
        ]
        permissions = [("archive_article", "Can archive and restore articles")]

    def __str__(self) -> str:
        return self.title or self.slug

    @cached_property
    def open_revision(self) -> Revision | None:
        """The newest text, if it is on its way to being published."""
        return self.revisions.open().select_related("article__published_revision", "author").first()

    @property
    def is_live(self) -> bool:
        """Whether bots may use it, for the audience that it has."""
        if self.published_revision_id is None or self.archived_at is not None:
            return False
        return self.expires_at is None or self.expires_at > timezone.now()


class ArticleAudience(models.Model):
    """One audience value of an article. A value in use cannot be deleted: that would widen who may read."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    value = models.ForeignKey(AudienceValue, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "value"], name="kb_one_audience_value_per_article")
        ]

    def __str__(self) -> str:
        return f"{self.article_id}: {self.value_id}"


class Revision(models.Model):
    """One text of an article, never changed: every edit is the next number."""

    class State(models.TextChoices):
        DRAFT = workflow.DRAFT, "Draft"
        IN_REVIEW = workflow.IN_REVIEW, "In review"
        CHANGES_REQUESTED = workflow.CHANGES_REQUESTED, "Changes requested"
        APPROVED = workflow.APPROVED, "Approved"
        PUBLISHED = workflow.PUBLISHED, "Published"
        SUPERSEDED = workflow.SUPERSEDED, "Superseded"
        ARCHIVED = workflow.ARCHIVED, "Archived"

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=TITLE_LENGTH)
    body = models.TextField(help_text="Markdown.")
    summary = models.CharField(max_length=200, blank=True, help_text="What changed, for the reviewer.")
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    author = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    review_comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)
    review_due = models.DateField(null=True, help_text="The day by which somebody has reviewed it.")
    claimed_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    publish_at = models.DateTimeField(null=True, help_text="When it is published by itself.")
    scheduled_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    schedule_problem = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "submitted_at"], name="kb_revision_queue")]
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="kb_one_revision_per_number"),
            models.UniqueConstraint(
                fields=["article"], condition=Q(state=workflow.PUBLISHED), name="kb_one_published_revision"
            ),
            models.UniqueConstraint(
                fields=["article"], condition=Q(state__in=workflow.OPEN), name="kb_one_open_revision"
            ),
            models.CheckConstraint(
                condition=Q(reviewer=None) | ~Q(reviewer=F("author")), name="kb_reviewer_is_not_the_author"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(workflow.APPROVED, workflow.PUBLISHED, workflow.ARCHIVED))
                | Q(reviewer__isnull=False),
                name="kb_approval_has_a_reviewer",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by=None) | ~Q(claimed_by=F("author")), name="kb_claim_is_not_the_authors"
            ),
            models.CheckConstraint(
                condition=Q(publish_at=None) | Q(scheduled_by__isnull=False), name="kb_schedule_has_a_person"
            ),
        ]
        permissions = [
            ("review_revision", "Can approve revisions and request changes"),
            ("publish_revision", "Can publish approved revisions"),
        ]

    def __str__(self) -> str:
        return f"{self.title} (revision {self.number})"
