"""What is here of the articles that an import names, in a few queries whatever their number. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import F, Prefetch

from kb.access import Facets
from kb.exchange.contracts import MARKDOWN, Incoming
from kb.exchange.decision import Known
from kb.models import Article, ArticleSource, AudienceValue, Revision

BATCH = 300  # SQLite binds a limited number of parameters


def load_known(system: str, incoming: Sequence[Incoming]) -> dict[str, Known]:
    """Return what is here, by the id that the article has there; what is not here is missing.

    An article is known by its source. A Markdown file is its article's by the address, too.
    """
    found: dict[str, Known] = {}
    for start in range(0, len(incoming), BATCH):
        part = incoming[start : start + BATCH]
        sources = {row.external_id: row for row in _sources(system, [item.external_id for item in part])}
        by_slug: dict[str, int] = {}
        if system == MARKDOWN:
            slugs = [item.slug for item in part if item.external_id not in sources]
            by_slug = dict(Article.objects.filter(slug__in=slugs).values_list("slug", "pk"))
        ids = [row.article_id for row in sources.values()]
        articles = _articles([*ids, *by_slug.values()])
        for item in part:
            source = sources.get(item.external_id)
            article_id = source.article_id if source else by_slug.get(item.slug)
            if article_id is not None:
                found[item.external_id] = _known(articles[article_id], source)
    return found


def known_slugs(system: str, external_ids: Iterable[str]) -> dict[str, str]:
    """Return the addresses here of articles that were taken in before, by their ids there."""
    wanted = sorted(set(external_ids))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), BATCH):
        rows = _sources(system, wanted[start : start + BATCH])
        found |= {row.external_id: row.article.slug for row in rows}
    return found


def _sources(system: str, external_ids: Sequence[str]) -> list[ArticleSource]:
    rows = ArticleSource.objects.filter(system=system, external_id__in=external_ids)
    return list(rows.select_related("revision", "article"))


def _articles(ids: Sequence[int]) -> dict[int, Article]:
    newest = Revision.objects.filter(article_id__in=ids, number=F("article__latest_number")).defer("summary")
    articles = Article.objects.filter(pk__in=ids).select_related("owner")
    held = (
        Prefetch("audience_values", queryset=AudienceValue.objects.order_by()),
        "labels",
        "pages",
        Prefetch("revisions", queryset=newest, to_attr="newest"),
    )
    return {article.pk: article for article in articles.prefetch_related(*held)}


def _known(article: Article, source: ArticleSource | None) -> Known:
    newest: Revision = article.newest[0]  # type: ignore[attr-defined]  # prefetched above
    taken = source.revision if source else None
    pending = source.pending if source and source.conflict else None
    return Known(
        article_id=article.pk,
        title=newest.title,
        body=newest.body,
        audience=facets_of(article),
        labels=frozenset(label.name for label in article.labels.all()),
        pages=frozenset(page.name for page in article.pages.all()),
        owner=article.owner.get_username(),
        review_by=None if article.review_by_is_default else article.review_by,
        number=newest.number,
        state=newest.state,
        is_live=article.is_live,
        is_archived=article.archived_at is not None,
        source_id=source.pk if source else None,
        text_hash=source.text_hash if source else "",
        facts=source.facts if source else {},
        imported=(taken.title, taken.body) if taken else None,
        pending=(pending["text_hash"], pending["facts"]) if pending else None,
    )


def facets_of(article: Article) -> Facets:
    """Return whom an article is for."""
    values = frozenset((value.kind, value.value) for value in article.audience_values.all())
    return Facets(article.for_everyone, values)
