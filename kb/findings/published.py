"""Published articles as the comparisons see them: plain values, read in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from kb import access
from kb.models import Article

MAX_ARTICLES = 5_000


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A live text. ``facets`` maps kind → values; a kind that is missing: everyone."""

    id: int
    title: str
    markdown: str
    published_at: datetime
    review_by: date | None = None
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    revision_id: int = 0


def published_texts() -> list[PublishedText]:
    """Return the published articles by id, at most MAX_ARTICLES."""
    rows = (
        Article.objects.published()
        .select_related("published_revision")
        .prefetch_related("audience_values")
        .order_by("pk")[:MAX_ARTICLES]
    )
    return [
        PublishedText(
            id=row.pk,
            title=row.published_revision.title,
            markdown=row.published_revision.body,
            published_at=row.published_revision.published_at or row.created_at,
            review_by=row.review_by,
            facets=facets_of(row),
            revision_id=row.published_revision.pk,
        )
        for row in rows
        if row.published_revision is not None
    ]


def facets_of(article: Article) -> dict[str, frozenset[str]]:
    """Return whom an article is for; nothing for everyone."""
    values: dict[str, set[str]] = {}
    for value in article.audience_values.all():
        values.setdefault(value.kind, set()).add(value.value)
    return {kind: frozenset(values[kind]) for kind in access.KINDS if kind in values}


def share_readers(one: PublishedText, other: PublishedText) -> bool:
    """Tell whether somebody may read both: no facet that both limit has only different values."""
    return all(one.facets[kind] & other.facets[kind] for kind in one.facets.keys() & other.facets.keys())


def reaches_all_of(one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether whoever may read an article for ``other`` may read one for ``one``."""
    return all(kind in other and other[kind] <= values for kind, values in one.items())
