"""Reading articles and revisions: which are published, who may see them, which the index has missed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from kb import workflow
from kb.access import claims
from kb.contracts import Audience
from kb.gaps import workflow as gap_workflow

if TYPE_CHECKING:  # kb.models imports this module
    from kb.models import Article, Gap, Revision  # noqa: F401 - named in the base classes


class ArticleQuerySet(models.QuerySet["Article"]):
    """Articles, narrowed in English."""

    def published(self) -> Self:
        """Keep articles that bots may use: with a published revision, not archived, not expired."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, published_revision__isnull=False, archived_at=None)

    def addressed(self, slug: str) -> Self:
        """Keep the article of this slug, and the one that it was merged into."""
        return self.filter(Q(slug=slug) | Q(merged__slug=slug))

    def visible_to(self, audience: Audience) -> Self:
        """Keep articles that ``audience`` may read: the rule of ``kb.access.is_visible``, in SQL."""
        known = claims(audience)
        if not known:
            return self.filter(for_everyone=True)
        met = Q()
        for kind, value in known:
            met |= Q(value__kind=kind, value__value=value)
        fully_met = (
            self.model.audience_values.through.objects.values("article_id")
            .annotate(
                kinds_named=Count("value__kind", distinct=True),
                kinds_met=Count("value__kind", distinct=True, filter=met),
            )
            .filter(kinds_named=F("kinds_met"))
        )
        return self.filter(Q(for_everyone=True) | Q(pk__in=fully_met.values("article_id")))

    def due_for_review(self, today: date) -> Self:
        """Keep articles whose day to be checked again has come."""
        return self.filter(review_by__lte=today)

    def unindexed(self, encoder: str) -> Self:
        """Keep articles whose manifest tells of another revision or encoder than it should."""
        due = self.published().exclude(
            index_state__revision_id=F("published_revision_id"), index_state__encoder=encoder
        )
        gone = Q(published_revision=None) | Q(archived_at__isnull=False)
        return self.filter(Q(pk__in=due.values("pk")) | gone & Q(index_state__revision_id__isnull=False))


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Revisions, narrowed in English."""

    def in_review(self) -> Self:
        """Keep revisions that wait for a reviewer."""
        return self.filter(state=workflow.IN_REVIEW)

    def open(self) -> Self:
        """Keep the newest texts that are on their way to being published."""
        return self.filter(state__in=workflow.OPEN)


class GapQuerySet(models.QuerySet["Gap"]):
    """Gaps, narrowed in English."""

    def apart(self) -> Self:
        """Keep gaps that have not been merged into another."""
        return self.filter(merged_into=None)

    def waiting(self) -> Self:
        """Keep gaps that somebody has to do something about."""
        return self.apart().filter(state__in=(gap_workflow.OPEN, gap_workflow.DRAFTING))
