"""Questions to the tables of tickets that read as English."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models

from tickets import workflow

if TYPE_CHECKING:  # the models are built with these querysets
    from tickets.models import Category, ImportBatch, RawText, Ticket  # noqa: F401 - named in the annotations below


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    """Imports."""

    def under_way(self) -> Self:
        """Keep those that wait for a worker or have one."""
        return self.filter(state__in=(workflow.QUEUED, workflow.RUNNING))

    def unfinished(self) -> Self:
        """Keep those that can go on where they are."""
        return self.filter(state__in=workflow.UNFINISHED)


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Tickets."""

    def counting(self) -> Self:
        """Keep those that the audit is made of: closed, inside the window of their last import."""
        return self.filter(in_window=True)


class RawTextQuerySet(models.QuerySet["RawText"]):
    """Raw texts."""

    def overdue(self, today: date) -> Self:
        """Keep those whose time is over."""
        return self.filter(delete_after__lt=today)


class CategoryQuerySet(models.QuerySet["Category"]):
    """Categories."""

    def in_use(self) -> Self:
        """Keep those that tickets can be in: not merged away, not retired."""
        return self.filter(retired_at=None)
