"""What accompanies the review of a text: comments on its lines, and typed text that was not saved yet."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kb.models.articles import TITLE_LENGTH, Article, Revision

TITLE_LINE = 0


class LineComment(models.Model):
    """What somebody says of one line of a revision; ``line`` counts from 1, 0 is the title.

    ``line_text`` is the line as it was: by it a comment is found again in a later revision.
    """

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="line_comments")
    line = models.PositiveIntegerField()
    line_text = models.CharField(max_length=500, blank=True)
    text = models.TextField()
    author = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["line", "id"]

    def __str__(self) -> str:
        return f"Line {self.line} of {self.revision_id}"


class UnsavedDraft(models.Model):
    """What a person has typed in the article form and not saved yet: one per person and article.

    No part of the knowledge base: nobody else sees it, and it goes when the text is saved or discarded.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, null=True, related_name="+")
    person = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    base_number = models.PositiveIntegerField(default=0)
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    body = models.TextField(blank=True)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "person"], name="kb_one_unsaved_draft"),
            models.UniqueConstraint(
                fields=["person"], condition=Q(article=None), name="kb_one_unsaved_new_article"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.article_id or 'a new article'}"
