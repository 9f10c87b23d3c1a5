"""The search index as rows: chunks, their vectors, each article's manifest, one version for all."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from kb.models.articles import TITLE_LENGTH, Article, Revision


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
    vector = models.BinaryField()  # as kb.embedding.pack writes it

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
    title_tokens = models.BinaryField(default=bytes)  # of the title, as kb.embedding.pack writes
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
