"""Rows of the index → the process-wide snapshot in memory, kept fresh by version.

One cheap query tells whether anything changed; then only the changed articles are read. A new snapshot is
swapped in whole: searches in other threads keep the one they have. Where so much has changed that reading it
takes a while, a thread of its own reads, and searches go on with the texts that are held: who may see them is
asked of the database all the same. Decides nothing about who may read what.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TypeGuard

import structlog
from django.db import connection

from kb import index_version
from kb.chunking import Chunk
from kb.contracts import Audience
from kb.embedding import IndexedArticle, embed_chunks, unpack
from kb.index_version import Version
from kb.indexing import encoder, load_vectors
from kb.models import Article, ArticleIndexState, IndexedChunk
from kb.sections import Selection
from kb.snapshot import IndexSnapshot
from kb.synonyms import current_synonyms
from nlp.encoder import SentenceEncoder

log = structlog.get_logger(__name__)

BATCH = 200  # articles a query
AT_ONCE = 40  # so many changed articles a search reads by itself
REBUILD_SHARE = 0.2  # where more than this share of the articles changed, building anew is faster
SMALL = 5_000  # sections that are compacted in passing
WASTE, WASTE_SHARE = 400, 0.02  # sections, and share of all, from which on it is worth to compact


@dataclass(frozen=True, slots=True)
class Readable:
    """The articles that an audience may see, and their part of the snapshot."""

    ids: frozenset[int]
    selection: Selection


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """The index as of ``version``: a snapshot to search, and what belongs to the product pages.

    ``texts`` is the number up to which changed texts are in the snapshot; below that of ``version`` a thread
    is reading the others. ``visible`` keeps, by audience, the published revision of each article that
    kb.retrieval asked of the database for this version or for one that only texts tell apart from it;
    ``readable`` is the part of the snapshot that follows.
    """

    version: Version
    texts: int
    encoder: str
    snapshot: IndexSnapshot[int]
    page_articles: dict[str, frozenset[int]]  # by the page's pattern
    visible: dict[Audience, dict[int, int]] = field(default_factory=dict)
    readable: dict[Audience, Readable] = field(default_factory=dict)


_loaded: LoadedIndex | None = None
_loading = threading.Lock()
_refresher: threading.Thread | None = None


def fresh_index() -> LoadedIndex:
    """Return the index as the database has it now, reading what changed since the last call."""
    model, version = encoder(), index_version.current()
    held = _loaded
    if _is_ours(held, version, model) and held.texts >= version.number:
        return held
    with _loading:
        return _catch_up(version, model)


def serving_index() -> LoadedIndex:
    """Return the index under the audiences of now, without waiting long for texts that are new.

    Their articles are not found until a thread has read them, soon after.
    """
    model, version = encoder(), index_version.current()
    held = _loaded
    if not _is_ours(held, version, model):
        return fresh_index()
    if held.texts >= version.number:
        return held
    if _loading.acquire(blocking=False):
        try:
            changed = ArticleIndexState.objects.filter(version__gt=held.texts)[: AT_ONCE + 1]
            if len(changed.values_list("pk")) <= AT_ONCE:
                return _catch_up(version, model)
        finally:
            _loading.release()
    refresh_start()
    return _under(held, version)


def refresh_start() -> threading.Thread:
    """Have a thread of its own read what is new and clear up; one at a time."""
    global _refresher
    if _refresher is None or not _refresher.is_alive():
        _refresher = threading.Thread(target=_refresh, name="index-refresher", daemon=True)
        _refresher.start()
    return _refresher


def _refresh() -> None:
    try:
        index = fresh_index()
        if _is_wasteful(index.snapshot):
            _keep_compacted(index)
    except Exception:  # the next search starts another
        log.exception("index_refresh_failed")
    finally:
        connection.close()


def _keep_compacted(index: LoadedIndex) -> None:
    """Swap in the index without waste, brought up to what was read meanwhile."""
    global _loaded
    compacted = replace(index, snapshot=index.snapshot.compacted(), readable={})
    with _loading:
        held = _loaded
        if not _is_ours(held, index.version, encoder()):
            return
        _loaded = compacted if held.snapshot is index.snapshot else _read(compacted, held.version, encoder())


def _under(held: LoadedIndex, version: Version) -> LoadedIndex:
    """Return what is held for searches that have to ask anew who may see it; kept for the next of them."""
    global _loaded
    if held.version.number >= version.number:
        return held
    snapshot = held.snapshot.with_synonyms(current_synonyms())
    asked_anew = replace(
        held, version=version, snapshot=snapshot, page_articles=_read_pages(), visible={}, readable={}
    )
    if _loaded is held:
        _loaded = asked_anew
    return asked_anew


def _catch_up(version: Version, model: SentenceEncoder) -> LoadedIndex:
    """Return the index as new as ``version``, reading what is missing; with the lock held."""
    global _loaded
    held = _loaded
    if not _is_ours(held, version, model):
        held = _loaded = _read(None, version, model)
    elif held.texts < version.number:
        held = _loaded = _read(held, version, model)
        if _is_wasteful(held.snapshot):
            refresh_start()
    return held


def _is_ours(held: LoadedIndex | None, version: Version, model: SentenceEncoder) -> TypeGuard[LoadedIndex]:
    """Tell whether what is held is of this database and encoder, old or not."""
    return held is not None and held.version.epoch == version.epoch and held.encoder == model.fingerprint


def _is_wasteful(snapshot: IndexSnapshot[int]) -> bool:
    return snapshot.waste > max(WASTE, WASTE_SHARE * snapshot.section_count)


def _read(known: LoadedIndex | None, version: Version, model: SentenceEncoder) -> LoadedIndex:
    """Read the articles that changed after ``known``; with None, all of them."""
    since = known.texts if known is not None else 0
    states = list(ArticleIndexState.objects.filter(version__gt=since).order_by("pk"))
    held = [state for state in states if state.revision_id is not None and state.encoder == model.fingerprint]
    changed = [
        article
        for start in range(0, len(held), BATCH)
        for article in _read_articles(held[start : start + BATCH], model)
    ]
    if known is None:
        snapshot = IndexSnapshot.build(changed, model)
    elif not states:
        snapshot = known.snapshot
    else:
        snapshot = known.snapshot.update(changed, (state.pk for state in states))
        many = len(states) > REBUILD_SHARE * len(snapshot.article_ids)
        if many or (_is_wasteful(snapshot) and snapshot.section_count <= SMALL):
            snapshot = snapshot.compacted()
    snapshot = snapshot.with_synonyms(current_synonyms())
    visible = known.visible if known is not None and _only_texts(known, version, states) else {}
    return LoadedIndex(version, version.number, model.fingerprint, snapshot, _read_pages(), dict(visible))


def _only_texts(known: LoadedIndex, version: Version, states: list[ArticleIndexState]) -> bool:
    """Tell whether nothing but the index has changed since ``known``: each such change has its own number."""
    numbers = {state.version for state in states if known.version.number < state.version <= version.number}
    return len(numbers) == version.number - known.version.number


def _read_articles(states: list[ArticleIndexState], model: SentenceEncoder) -> list[IndexedArticle[int]]:
    """Read chunks and vectors of these articles; a vector that is missing is computed here."""
    chunks: defaultdict[int, list[Chunk]] = defaultdict(list)
    revisions = {state.pk: state.revision_id for state in states}
    columns = ("ordinal", "heading_path", "anchor", "quote", "embed_text", "kind", "text_hash")
    rows = IndexedChunk.objects.filter(article_id__in=revisions).order_by("article_id", "ordinal")
    for article_id, revision_id, ordinal, path, *rest in rows.values_list(
        "article_id", "revision_id", *columns
    ):
        if revisions[article_id] == revision_id:
            chunks[article_id].append(Chunk(ordinal, tuple(path), *rest))
    vectors = load_vectors((item.text_hash for group in chunks.values() for item in group), model)
    return [
        IndexedArticle(
            article_id=state.pk,
            revision_id=state.revision_id,
            title=state.title,
            chunks=tuple(chunks[state.pk]),
            vectors=embed_chunks(chunks[state.pk], model, vectors),
            title_tokens=unpack(bytes(state.title_tokens), model.dimension),
        )
        for state in states
    ]


def _read_pages() -> dict[str, frozenset[int]]:
    articles: defaultdict[str, set[int]] = defaultdict(set)
    links = Article.pages.through.objects.values_list("productpage__pattern", "article_id")
    for pattern, article_id in links:
        articles[pattern].add(article_id)
    return {pattern: frozenset(ids) for pattern, ids in articles.items()}
