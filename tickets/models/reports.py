"""Rows of evidence: signed versions of the audit's map, and the baseline before AI. Never changed.

The database refuses to change or delete them (tickets.evidence_guard); so do these classes.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import F, Q


class Evidence(models.Model):
    """Written once, then only read."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Evidence is not rewritten.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Evidence is not deleted.")


class AuditReport(Evidence):
    """The map as a support lead signed it. ``content`` is tickets.contracts.AuditMap as JSON."""

    version = models.PositiveIntegerField(unique=True)
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    size_reason = models.TextField(blank=True, help_text="Why fewer than 10 or more than 15 core categories.")
    signed_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    signed_by_name = models.CharField(max_length=150)
    signed_at = models.DateTimeField()

    class Meta:
        verbose_name = "signed map"
        ordering = ["-version"]
        permissions = [("sign_auditreport", "Can sign the map of the audit")]

    def __str__(self) -> str:
        return f"Map, version {self.version}"


class Baseline(Evidence):
    """How support did before AI, taken with a signed map."""

    report = models.OneToOneField(AuditReport, on_delete=models.PROTECT, related_name="baseline")
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(window_start__lte=F("window_end")), name="baseline_window_has_an_order"
            )
        ]

    def __str__(self) -> str:
        return f"Baseline of {self.report}"


class BaselineRow(Evidence):
    """One category's figures; the row without a category is all tickets that count.

    Each share is stored as its parts, so that intervals can be computed and rows can be added up.
    """

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="rows")
    category = models.ForeignKey("tickets.Category", on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=80)
    tickets = models.PositiveIntegerField()
    escalated = models.PositiveIntegerField()
    escalation_known = models.PositiveIntegerField()
    csat_sum = models.PositiveIntegerField()
    csat_good = models.PositiveIntegerField()
    csat_count = models.PositiveIntegerField()
    resolution_median_seconds = models.PositiveBigIntegerField(null=True)
    resolution_p90_seconds = models.PositiveBigIntegerField(null=True)
    resolution_count = models.PositiveIntegerField()
    reopened = models.PositiveIntegerField()
    reopen_known = models.PositiveIntegerField()

    class Meta:
        ordering = ["baseline", "-tickets", "id"]
        constraints = [
            models.UniqueConstraint(fields=["baseline", "category"], name="one_row_per_baseline_category"),
            models.UniqueConstraint(
                fields=["baseline"], condition=Q(category=None), name="one_row_for_all_per_baseline"
            ),
            models.CheckConstraint(
                condition=Q(escalated__lte=F("escalation_known"))
                & Q(escalation_known__lte=F("tickets"))
                & Q(csat_good__lte=F("csat_count"))
                & Q(csat_count__lte=F("tickets"))
                & Q(reopened__lte=F("reopen_known"))
                & Q(reopen_known__lte=F("tickets")),
                name="baseline_parts_are_parts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.tickets}"
