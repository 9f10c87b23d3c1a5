"""What others may read of the knowledge base. Returns plain values, never rows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

from kb import access, pages, workflow
from kb.chunking import Chunk, chunk
from kb.contracts import (
    ArticleSummary,
    Audience,
    KnowledgeBaseCounts,
    PageExample,
    PublishedArticle,
    SearchHit,
)
from kb.indexing import encoder
from kb.models import Article, AudienceValue, KnowledgeBaseAudit, ProductPage, Revision
from kb.readiness import ready_share
from kb.retrieval import article_url

MAX_SUMMARIES = 500
MAX_PAGES = 200


def knowledge_base_counts(*, today: date) -> KnowledgeBaseCounts:
    """Count what the dashboard shows."""
    open_revisions = Revision.objects.filter(article__archived_at=None)
    return KnowledgeBaseCounts(
        published=Article.objects.published().count(),
        drafts=open_revisions.filter(state__in=(workflow.DRAFT, workflow.CHANGES_REQUESTED)).count(),
        in_review=open_revisions.filter(state=workflow.IN_REVIEW).count(),
        approved=open_revisions.filter(state=workflow.APPROVED).count(),
        unindexed=Article.objects.unindexed(encoder().fingerprint).count(),
        ready=ready_share()[0],
        due_for_review=Article.objects.published().due_for_review(today).count(),
    )


def article_summaries(article_ids: Collection[int]) -> dict[int, ArticleSummary]:
    """Return these articles' summaries by id, at most MAX_SUMMARIES; unknown ids are left out."""
    rows = Article.objects.select_related("owner").filter(pk__in=list(article_ids)[:MAX_SUMMARIES])
    return {
        row.pk: ArticleSummary(row.pk, row.slug, row.title, row.owner.get_username(), row.is_live)
        for row in rows
    }


def article_id_of(slug: str) -> int | None:
    """Return the id of the article with this slug."""
    return Article.objects.filter(slug=slug).values_list("pk", flat=True).first()


def audience_choices() -> dict[str, list[tuple[str, str]]]:
    """Return the (value, label) pairs of every kind of audience, as for a form."""
    choices: dict[str, list[tuple[str, str]]] = {kind: [] for kind in access.KINDS}
    for kind, value, label in AudienceValue.objects.values_list("kind", "value", "label"):
        choices[kind].append((value, label))
    return choices


def published_article(slug: str, *, audience: Audience | None) -> PublishedArticle | None:
    """Return the live text of an article that this audience may read; None stands for staff, who read all.

    Of a merged article, that of the one that took it in, whose ``slug`` is another one.
    """
    published = Article.objects.published()
    readable = published if audience is None else published.visible_to(audience)
    article = readable.select_related("published_revision").addressed(slug).first()
    if article is None or article.published_revision is None:
        return None
    revision = article.published_revision
    return PublishedArticle(article.slug, revision.title, revision.body)


def sample_sections(limit: int) -> list[SearchHit]:
    """Return sections of the newest published articles as a search returns them, one an article.

    By turns one with numbered steps and one without, where an article has such a one.
    """
    rows = Article.objects.published().select_related("published_revision").order_by("-pk")
    found: list[SearchHit] = []
    for article in rows[:limit]:
        revision = article.published_revision
        pieces = chunk(revision.title, revision.body) if revision else []
        answers = [piece for piece in pieces if piece.kind == "answer"]
        if revision is None or not answers:
            continue
        best = max(answers, key=_shows_steps(len(found) % 2 == 0))
        url = article_url(article.pk, article.slug, best.anchor)
        found.append(
            SearchHit(
                *(article.pk, revision.pk, revision.title, best.heading_path, best.anchor, best.quote, 1.0),
                url,
            )
        )
    return found


def _shows_steps(wanted: bool) -> Callable[[Chunk], tuple[bool, int]]:
    return lambda piece: (("\n2." in piece.quote) is wanted, len(piece.quote))


def product_pages() -> list[PageExample]:
    """Return the product pages, at most MAX_PAGES, each with an address that its pattern matches."""
    rows = ProductPage.objects.values_list("name", "pattern")[:MAX_PAGES]
    return [PageExample(name, pages.example(pattern)) for name, pattern in rows]


def audit_findings() -> dict[str, Any]:
    """Return what the latest check of the knowledge base found, in short; empty before the first."""
    latest = KnowledgeBaseAudit.objects.order_by("-pk").first()
    if latest is None:
        return {}
    shown = ("kind", "title", "count", "checked", "examples")
    return {
        "check": latest.pk,
        "made_at": latest.made_at.isoformat(),
        "parts": [{name: part[name] for name in shown} for part in latest.parts],
    }
