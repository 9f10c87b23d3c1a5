"""What the checks of the whole knowledge base found."""

from __future__ import annotations

from django.db import models


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
