"""Search the knowledge base for somebody: audience first, then ranking, then the audience again.

Only articles that the reader may see are ranked: asked of the database, and anew whenever anything changed.
What is found is checked a second time, by the pure predicate, against the rows as they are then. Answers cite
article, revision, anchor and a verbatim quote. Decides nothing about what is done with the hits.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from django.conf import settings

from core import warmup
from core.errors import InvalidInput
from kb import pages
from kb.access import facets, is_visible
from kb.contracts import Audience, ExclusionHit, SearchHit, SearchResult
from kb.index_loading import LoadedIndex, Readable, serving_index
from kb.models import Article
from kb.ranking import METHODS
from kb.snapshot import MAX_LIMIT, Hit

MAX_AUDIENCES_KEPT = 500  # callers name audiences freely
SPARE_HITS = 3  # ranked beyond the limit, in case the second check takes some away

_asking = threading.Lock()


class _Row(NamedTuple):
    """What the second check reads of an article."""

    article_id: int
    revision_id: int
    slug: str
    for_everyone: bool


def search(
    query: str,
    *,
    audience: Audience,
    page: str = "",
    limit: int = 5,
    method: str = "hybrid",
    hint: str = "",
) -> SearchResult:
    """Return the sections that answer ``query`` for ``audience``, those of the reader's ``page`` lifted.

    ``hint`` names the subject where it is known (an intent's label); it sways what lies close together.
    ``out_of_scope`` is set where an article says that it does not cover what is asked. Takes two queries as
    long as nothing changes.
    """
    if method not in METHODS:
        raise InvalidInput(f"The method is one of {', '.join(METHODS)}.", code="bad_method")
    index = serving_index()
    limit = max(1, min(limit, MAX_LIMIT))
    found = index.snapshot.search(
        query,
        allowed_articles=_readable(index, audience).selection,
        boosted_articles=_ids_on_page(index, page),
        limit=limit + SPARE_HITS,
        method=method,
        hint=hint,
    )
    candidates = [*found.hits, *([found.exclusion] if found.exclusion else [])]
    still_open = _check_again(candidates, audience)
    exclusion = found.exclusion if found.exclusion and found.exclusion.article_id in still_open else None
    hits = [
        _search_hit(hit, still_open[hit.article_id]) for hit in found.hits if hit.article_id in still_open
    ]
    return SearchResult(
        hits=tuple(hits[:limit]),
        out_of_scope=_exclusion_hit(exclusion) if exclusion else None,
        index_version=index.texts,
    )


def article_url(article_id: int, slug: str, anchor: str = "") -> str:
    """Return where customers read the article, by the setting ARTICLE_URL."""
    url: str = settings.ARTICLE_URL.replace("{id}", str(article_id)).replace("{slug}", slug)
    return f"{url}#{anchor}" if anchor else url


def linked_url(slug: str) -> str:
    """Return where customers read the published article of that slug, "" where there is none.

    Of a merged article, where they read the one that took it in.
    """
    found = Article.objects.published().addressed(slug).values_list("pk", "slug").first()
    return "" if found is None else article_url(*found)


def readable_ids(index: LoadedIndex, audience: Audience) -> frozenset[int]:
    """Return the articles that the reader may see and whose published revision is the one in the index."""
    return _readable(index, audience).ids


def _readable(index: LoadedIndex, audience: Audience) -> Readable:
    known = index.readable.get(audience)
    if known is not None:
        return known
    with _asking:  # threads that want the same are not to ask the same
        return index.readable.get(audience) or _ask_readable(index, audience)


def _ask_readable(index: LoadedIndex, audience: Audience) -> Readable:
    if len(index.readable) >= MAX_AUDIENCES_KEPT:
        index.readable.clear()
        index.visible.clear()
    visible = index.visible.get(audience)
    if visible is None:
        rows = Article.objects.published().visible_to(audience).order_by()
        visible = index.visible[audience] = dict(rows.values_list("pk", "published_revision_id"))
    held = index.snapshot.revisions
    ids = frozenset(pk for pk, revision_id in visible.items() if held.get(pk) == revision_id)
    readable = index.readable[audience] = Readable(ids, index.snapshot.select(ids))
    return readable


def _ids_on_page(index: LoadedIndex, page: str) -> set[int]:
    """Return the articles that belong to the page."""
    if not page:
        return set()
    return {pk for pattern, ids in index.page_articles.items() if pages.matches(pattern, page) for pk in ids}


def _check_again(hits: Collection[Hit[int]], audience: Audience) -> dict[int, _Row]:
    """Return, by id, those articles that are still live, in this revision, and open to the reader."""
    if not hits:
        return {}
    rows = Article.objects.published().filter(pk__in={hit.article_id for hit in hits}).order_by()
    columns = ("pk", "published_revision_id", "slug", "for_everyone")
    values: defaultdict[_Row, set[tuple[str, str]]] = defaultdict(set)
    for *row, kind, value in rows.values_list(*columns, "audience_values__kind", "audience_values__value"):
        values[_Row(*row)].update([(kind, value)] if kind else [])
    ranked = {hit.article_id: hit.revision_id for hit in hits}
    return {
        row.article_id: row
        for row, pairs in values.items()
        if row.revision_id == ranked[row.article_id] and is_visible(facets(row.for_everyone, pairs), audience)
    }


def _search_hit(hit: Hit[int], row: _Row) -> SearchHit:
    return SearchHit(
        article_id=row.article_id,
        revision_id=row.revision_id,
        title=hit.title,
        heading_path=hit.chunk.heading_path,
        anchor=hit.chunk.anchor,
        quote=hit.chunk.quote,
        score=round(hit.score, 4),
        url=article_url(row.article_id, row.slug, hit.chunk.anchor),
    )


def _exclusion_hit(hit: Hit[int]) -> ExclusionHit:
    return ExclusionHit(hit.article_id, hit.title, hit.chunk.quote, round(hit.score, 4))


def warm_up() -> None:
    """Load encoder and index before the first question comes."""
    search("warm up", audience=Audience())


warmup.register(warm_up)
