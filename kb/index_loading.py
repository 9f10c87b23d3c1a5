"""Rows of the index → the process-wide snapshot in memory, kept fresh by version.

One cheap query tells whether anything changed; then only the changed articles are read. A new snapshot is
swapped in whole: searches in other threads keep the one they have. Decides nothing about who may read what.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeGuard

from kb import index_version
from kb.chunking import Chunk
from kb.contracts import Audience
from kb.index_version import Version
from kb.indexing import encoder, load_vectors
from kb.models import Article, ArticleIndexState, IndexedChunk
from kb.snapshot import IndexedArticle, IndexSnapshot, embed_chunks, unpack
from nlp.encoder import SentenceEncoder

BATCH = 200  # articles a query
REBUILD_SHARE = 0.2  # where more than this share of the articles changed, building anew is faster


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """The index as of ``version``: a snapshot to search, and what belongs to the product pages.

    ``readable`` keeps, by audience, the ids that kb.retrieval asked of the database for this version.
    """

    version: Version
    encoder: str
    snapshot: IndexSnapshot[int]
    page_articles: dict[str, frozenset[int]]  # by the page's pattern
    readable: dict[Audience, frozenset[int]] = field(default_factory=dict)


_loaded: LoadedIndex | None = None
_loading = threading.Lock()


def fresh_index() -> LoadedIndex:
    """Return the index as the database has it now, reading what changed since the last call."""
    global _loaded
    model = encoder()
    version = index_version.current()
    held = _loaded
    if _is_current(held, version, model):
        return held
    with _loading:
        held = _loaded
        if not _is_current(held, version, model):
            held = _loaded = _read(held if _is_ours(held, version, model) else None, version, model)
    return held


def _is_ours(held: LoadedIndex | None, version: Version, model: SentenceEncoder) -> TypeGuard[LoadedIndex]:
    """Tell whether what is held is of this database and encoder, old or not."""
    return held is not None and held.version.epoch == version.epoch and held.encoder == model.fingerprint


def _is_current(held: LoadedIndex | None, version: Version, model: SentenceEncoder) -> TypeGuard[LoadedIndex]:
    """Tell whether what is held is as new as ``version``; another thread may have read a newer one."""
    return _is_ours(held, version, model) and held.version.number >= version.number


def _read(known: LoadedIndex | None, version: Version, model: SentenceEncoder) -> LoadedIndex:
    """Read the articles that changed after ``known``; with None, all of them."""
    since = known.version.number if known is not None else 0
    states = list(ArticleIndexState.objects.filter(version__gt=since).order_by("pk"))
    held = [state for state in states if state.revision_id is not None and state.encoder == model.fingerprint]
    changed = [
        article
        for start in range(0, len(held), BATCH)
        for article in _read_articles(held[start : start + BATCH], model)
    ]
    snapshot = _merge(known, changed, {state.pk for state in states}, model)
    return LoadedIndex(version, model.fingerprint, snapshot, _read_pages())


def _merge(
    known: LoadedIndex | None,
    changed: list[IndexedArticle[int]],
    touched: set[int],
    model: SentenceEncoder,
) -> IndexSnapshot[int]:
    if known is None or len(touched) > REBUILD_SHARE * len(known.snapshot.articles):
        kept = [] if known is None else [a for a in known.snapshot.articles if a.article_id not in touched]
        return IndexSnapshot.build([*kept, *changed], model)
    snapshot = known.snapshot
    for article_id in touched - {article.article_id for article in changed}:
        snapshot = snapshot.remove(article_id)
    for article in changed:
        snapshot = snapshot.replace(article)
    return snapshot


def _read_articles(states: list[ArticleIndexState], model: SentenceEncoder) -> list[IndexedArticle[int]]:
    """Read chunks and vectors of these articles; a vector that is missing is computed here."""
    chunks: defaultdict[int, list[IndexedChunk]] = defaultdict(list)
    rows = IndexedChunk.objects.filter(article_id__in=[state.pk for state in states])
    for row in rows.order_by("article_id", "ordinal"):
        chunks[row.article_id].append(row)
    vectors = load_vectors((row.text_hash for group in chunks.values() for row in group), model)
    articles = []
    for state in states:
        pieces = [_chunk(row) for row in chunks[state.pk] if row.revision_id == state.revision_id]
        articles.append(
            IndexedArticle(
                article_id=state.pk,
                revision_id=state.revision_id,
                title=state.title,
                chunks=tuple(pieces),
                vectors=embed_chunks(pieces, model, vectors),
                title_tokens=unpack(bytes(state.title_tokens), model.dimension),
            )
        )
    return articles


def _read_pages() -> dict[str, frozenset[int]]:
    articles: defaultdict[str, set[int]] = defaultdict(set)
    links = Article.pages.through.objects.values_list("productpage__pattern", "article_id")
    for pattern, article_id in links:
        articles[pattern].add(article_id)
    return {pattern: frozenset(ids) for pattern, ids in articles.items()}


def _chunk(row: IndexedChunk) -> Chunk:
    return Chunk(
        ordinal=row.ordinal,
        heading_path=tuple(row.heading_path),
        anchor=row.anchor,
        quote=row.quote,
        embed_text=row.embed_text,
        kind=row.kind,  # type: ignore[arg-type]  # written from a Chunk
        text_hash=row.text_hash,
    )
