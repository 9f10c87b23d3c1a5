"""One act on many articles, with what became of each."""

from __future__ import annotations

from django.db import models

from kb.models.articles import Article


class BulkMove(models.Model):
    """Many articles moved by one person: seen first, then done by a job, each article on its own."""

    class Kind(models.TextChoices):
        SUBMIT = "submit", "Submit for review"
        APPROVE = "approve", "Approve"
        PUBLISH = "publish", "Publish"
        EVERYONE = "everyone", "Set audience to everyone"
        LABEL = "label", "Add labels"

    class State(models.TextChoices):
        READY = "ready", "Waits for your look"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"

    kind = models.CharField(max_length=10, choices=Kind)
    labels = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    job = models.ForeignKey("core.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    made_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "bulk move"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class BulkMoveRow(models.Model):
    """One article of a bulk move; ``before`` is what it takes to take the act back."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        UNDONE = "undone", "Taken back"

    move = models.ForeignKey(BulkMove, on_delete=models.CASCADE, related_name="rows")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["move", "article"], name="kb_one_row_per_bulk_move_and_article")
        ]

    def __str__(self) -> str:
        return f"{self.article_id}: {self.outcome}"
