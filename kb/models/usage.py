"""How much articles are used and liked, by day, and how far the news from conversations has been read."""

from __future__ import annotations

from django.db import models

from kb.models.articles import Article


class ArticleUsage(models.Model):
    """How often one article was found and cited on one day."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="usage")
    day = models.DateField()
    retrieved = models.PositiveIntegerField(default=0)
    cited = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        indexes = [models.Index(fields=["day"], name="kb_usage_day")]
        constraints = [models.UniqueConstraint(fields=["article", "day"], name="kb_one_usage_row_per_day")]

    def __str__(self) -> str:
        return f"{self.article_id} on {self.day}"


class ArticleVote(models.Model):
    """A customer's thumb about an answer that cited the article; the latest word counts."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="votes")
    turn_id = models.BigIntegerField()
    helpful = models.BooleanField()
    day = models.DateField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["article", "turn_id"], name="kb_one_vote_per_turn_and_article")
        ]

    def __str__(self) -> str:
        return f"{'up' if self.helpful else 'down'} for {self.article_id}"


class Watermark(models.Model):
    """How far a stream of news has been read; moves in the transaction that keeps what was read."""

    stream = models.CharField(max_length=20, primary_key=True)
    position = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.stream} up to {self.position}"
