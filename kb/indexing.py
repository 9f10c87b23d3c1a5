"""Publish → index: chunk one article, embed only what is new, write the rows, its manifest last.

``plan_sync`` is pure and says what is to be done; ``sync_article`` does it, any number of times with the same
end. Text is encoded outside any transaction. Who may read an article is no part of the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from django.conf import settings
from django.db import transaction

from kb import index_version
from kb.chunking import Chunk, chunk
from kb.embedding import embed_chunks, embed_title, pack, unpack
from kb.models import Article, ArticleIndexState, ChunkEmbedding, IndexedChunk, Revision
from nlp.encoder import SentenceEncoder, load_encoder

BATCH = 500  # hashes a query: SQLite binds a limited number of parameters
MAX_REPLANS = 5


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the index holds, or should hold, of an article: no revision means nothing."""

    revision_id: int | None
    encoder: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sync did: ``embedded`` texts went through the encoder."""

    action: Literal["none", "write", "remove"]
    chunks: int = 0
    embedded: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """All that is written for one revision."""

    revision: Revision
    chunks: Sequence[Chunk]
    title_tokens: np.ndarray
    embedded: int


def plan_sync(held: Manifest | None, wanted: Manifest) -> Literal["none", "write", "remove"]:
    """Say what makes the index hold what is wanted."""
    if wanted.revision_id is None:
        return "none" if held is None or held.revision_id is None else "remove"
    return "none" if held == wanted else "write"


def encoder() -> SentenceEncoder:
    """Return the encoder that the index is built with."""
    return load_encoder(settings.ENCODER_PATH)


def sync_article(article_id: int, *, force: bool = False) -> Outcome:
    """Make the index hold the article's published revision, or nothing if it has none; idempotent.

    Writes embeddings first, then in one transaction chunks, manifest and index version. Where another
    publication comes between plan and write, plans anew. ``force`` writes even what seems to be there.
    """
    model = encoder()
    for _ in range(MAX_REPLANS):
        article = Article.objects.select_related("published_revision").get(pk=article_id)
        wanted = _wanted(article, model)
        action = plan_sync(_held(article_id), wanted)
        if action == "none" and not (force and wanted.revision_id):
            return Outcome("none")
        revision = article.published_revision if wanted.revision_id else None
        entry = _prepare(revision, model) if revision is not None else None
        if _write(article_id, wanted, entry):
            return Outcome(action, len(entry.chunks), entry.embedded) if entry else Outcome(action)
    raise RuntimeError(f"Article {article_id} was published again and again while it was being indexed.")


def index_rebuild(*, progress: Callable[[int, int], None], force: bool = False) -> dict[str, int]:
    """Sync every article, as after a change of the encoder, then forget embeddings that no chunk uses."""
    ids = list(Article.objects.order_by("pk").values_list("pk", flat=True))
    counts = {"none": 0, "write": 0, "remove": 0}
    for done, article_id in enumerate(ids, start=1):
        counts[sync_article(article_id, force=force).action] += 1
        progress(done, len(ids))
    return {**counts, "embeddings_pruned": prune_embeddings()}


def index_follow_encoder(*, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Bring the index up to date where articles were indexed with another encoder; else do nothing."""
    others = ArticleIndexState.objects.exclude(encoder__in=("", encoder().fingerprint))
    return index_rebuild(progress=progress) if others.exists() else {}


def prune_embeddings() -> int:
    """Delete embeddings of texts that are in no indexed chunk, or of another encoder; return how many."""
    used = IndexedChunk.objects.values("text_hash")
    stale = ChunkEmbedding.objects.exclude(text_hash__in=used, encoder=encoder().fingerprint)
    return stale.delete()[0]


def load_vectors(hashes: Iterable[str], model: SentenceEncoder) -> dict[str, np.ndarray]:
    """Return the stored vectors (d,) of these texts under ``model``."""
    unique = sorted(set(hashes))
    found: dict[str, np.ndarray] = {}
    for start in range(0, len(unique), BATCH):
        rows = ChunkEmbedding.objects.filter(
            text_hash__in=unique[start : start + BATCH], encoder=model.fingerprint
        )
        for text_hash, vector in rows.values_list("text_hash", "vector"):
            found[text_hash] = unpack(bytes(vector), model.dimension)[0]
    return found


def content_hash(hashes: Iterable[str]) -> str:
    """Return one hash for the texts of an article's chunks in their order."""
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _wanted(article: Article, model: SentenceEncoder) -> Manifest:
    if not article.is_live:
        return Manifest(None, "")
    return Manifest(article.published_revision_id, model.fingerprint)


def _held(article_id: int) -> Manifest | None:
    state = ArticleIndexState.objects.filter(pk=article_id).first()
    return None if state is None else Manifest(state.revision_id, state.encoder)


def _prepare(revision: Revision, model: SentenceEncoder) -> _Entry:
    """Chunk the revision and store the embeddings that are not there yet."""
    chunks = chunk(revision.title, revision.body)
    known = load_vectors((item.text_hash for item in chunks), model)
    vectors = embed_chunks(chunks, model, known)
    fresh = {
        item.text_hash: vector
        for item, vector in zip(chunks, vectors, strict=True)
        if item.text_hash not in known
    }
    ChunkEmbedding.objects.bulk_create(
        [
            ChunkEmbedding(text_hash=text_hash, encoder=model.fingerprint, vector=pack(vector))
            for text_hash, vector in fresh.items()
        ],
        ignore_conflicts=True,  # another process has embedded the same text
    )
    return _Entry(revision, chunks, embed_title(revision.title, model), len(fresh))


def _write(article_id: int, wanted: Manifest, entry: _Entry | None) -> bool:
    """Write chunks, then manifest and version; False and nothing if another revision is wanted by now."""
    with transaction.atomic():
        article = Article.objects.select_for_update().get(pk=article_id)
        if (article.published_revision_id if article.is_live else None) != wanted.revision_id:
            return False
        IndexedChunk.objects.filter(article_id=article_id).delete()
        if entry is not None:
            IndexedChunk.objects.bulk_create([_row(entry.revision, item) for item in entry.chunks])
        ArticleIndexState.objects.update_or_create(
            article_id=article_id,
            defaults={
                "revision_id": wanted.revision_id,
                "title": entry.revision.title if entry else "",
                "title_tokens": pack(entry.title_tokens) if entry else b"",
                "content_hash": content_hash(item.text_hash for item in entry.chunks) if entry else "",
                "encoder": wanted.encoder,
                "chunk_count": len(entry.chunks) if entry else 0,
                "version": index_version.bump(),
            },
        )
    return True


def _row(revision: Revision, item: Chunk) -> IndexedChunk:
    return IndexedChunk(
        article_id=revision.article_id,
        revision=revision,
        ordinal=item.ordinal,
        heading_path=list(item.heading_path),
        anchor=item.anchor,
        quote=item.quote,
        embed_text=item.embed_text,
        kind=item.kind,
        text_hash=item.text_hash,
    )
