"""Rows of the knowledge base: articles and their immutable revisions, audiences, pages, and the index.

Effects belong to the services: saving a row here does nothing but save it.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from kb import access, workflow
from kb.querysets import ArticleQuerySet, RevisionQuerySet

TITLE_LENGTH = 200


class AudienceValue(models.Model):
    """One value of one facet by which articles are segmented, such as tier = enterprise."""

    class Kind(models.TextChoices):
        USER_TYPE = access.USER_TYPE, "User type"
        PRODUCT_AREA = access.PRODUCT_AREA, "Product area"
        TIER = access.TIER, "Subscription tier"

    kind = models.CharField(max_length=12, choices=Kind)
    value = models.SlugField(max_length=60)
    label = models.CharField(max_length=100)

    class Meta:
        ordering = ["kind", "label"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="kb_one_audience_value_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=access.KINDS), name="kb_known_audience_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.label}"


class ProductPage(models.Model):
    """A place in the product, known by the pattern of its addresses (see kb.pages)."""

    name = models.CharField(max_length=100, unique=True)
    pattern = models.CharField(
        max_length=200,
        unique=True,
        help_text="A path such as /settings/billing. * stands for one segment, ** for any number of them.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.pattern})"


class Label(models.Model):
    """A word by which people sort articles; says nothing about who may read them."""

    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


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
    published_revision = models.ForeignKey(
        "kb.Revision", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
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
        return self.published_revision_id is not None and self.archived_at is None


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
    reviewed_at = models.DateTimeField(null=True)
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
        ]
        permissions = [
            ("review_revision", "Can approve revisions and request changes"),
            ("publish_revision", "Can publish approved revisions"),
        ]

    def __str__(self) -> str:
        return f"{self.title} (revision {self.number})"


class IndexedChunk(models.Model):
    """A section of a published revision, as it is searched and cited."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="indexed_chunks")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    heading_path = models.JSONField(default=list)
    anchor = models.CharField(max_length=100, blank=True)
    quote = models.TextField()
    embed_text = models.TextField()
    kind = models.CharField(max_length=10)
    text_hash = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "ordinal"], name="kb_one_chunk_per_ordinal")
        ]

    def __str__(self) -> str:
        return f"{self.article_id}#{self.anchor} ({self.ordinal})"


class ChunkEmbedding(models.Model):
    """The vector of a text under one encoder, shared by every revision that holds the text."""

    text_hash = models.CharField(max_length=64)
    encoder = models.CharField(max_length=16)
    vector = models.BinaryField()  # as kb.snapshot.pack writes it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["text_hash", "encoder"], name="kb_one_embedding_per_text")
        ]

    def __str__(self) -> str:
        return f"{self.text_hash[:8]} by {self.encoder}"


class ArticleIndexState(models.Model):
    """The manifest of one article in the index, written last: what it says is there, is there.

    ``version`` is the index version of the last change, by which processes find what to read again.
    An article that has left the index keeps its row, without a revision.
    """

    article = models.OneToOneField(
        Article, on_delete=models.CASCADE, primary_key=True, related_name="index_state"
    )
    revision = models.ForeignKey(Revision, on_delete=models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    title_tokens = models.BinaryField(default=bytes)  # token vectors of the title, as kb.snapshot.pack writes
    content_hash = models.CharField(max_length=64, blank=True)
    encoder = models.CharField(max_length=16, blank=True)
    chunk_count = models.PositiveIntegerField(default=0)
    version = models.PositiveBigIntegerField(db_index=True)
    indexed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"index of article {self.article_id}"


class IndexVersion(models.Model):
    """One row with a number that grows with every change of what a search depends on.

    ``epoch`` tells one database from another that a process might have read before.
    """

    epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="kb_one_index_version")]

    def __str__(self) -> str:
        return str(self.number)


class KnowledgeBaseAudit(models.Model):
    """One run of the checks in kb.audit: what each found and how much it looked at. Written once.

    ``parts`` is [{"kind", "title", "count", "checked", "examples", "findings": [{"articles", "text",
    "evidence"}]}, …].
    """

    parts = models.JSONField()
    index_number = models.PositiveBigIntegerField(help_text="The index version that gaps were measured on.")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "check of the knowledge base"
        verbose_name_plural = "checks of the knowledge base"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Check {self.pk}"
