"""What must be true of the knowledge base's rows, whatever crashed in between; each breach as a sentence.

Mends nothing: an article that the index has missed is mended by ``kb.indexing.sync_article``.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Q

from kb import workflow
from kb.indexing import content_hash, encoder
from kb.models import Article, ArticleIndexState, IndexedChunk, Revision


def violations() -> Iterator[str]:
    """Yield every breach: publication, index and citations that do not fit each other."""
    yield from _publication()
    yield from _manifests()
    yield from _quotes()


def unindexed_article_ids() -> list[int]:
    """Return the articles whose part of the index is not what is published; a sync mends them."""
    rows = Article.objects.unindexed(encoder().fingerprint).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _publication() -> Iterator[str]:
    wrong = Article.objects.filter(published_revision__isnull=False).exclude(
        published_revision__state=workflow.PUBLISHED, published_revision__article_id=F("pk")
    )
    for article in wrong:
        yield f"Article {article.pk}: its published revision is not in state published."
    for revision in Revision.objects.filter(state=workflow.PUBLISHED).exclude(
        article__published_revision_id=F("pk")
    ):
        yield f"Revision {revision.pk} is in state published, but its article does not name it."
    nobody = Article.objects.published().filter(for_everyone=False, audience_values=None)
    for article in nobody:
        yield f"Article {article.pk} is published without an audience."


def _manifests() -> Iterator[str]:
    for article_id in unindexed_article_ids():
        yield f"Article {article_id}: the index does not hold its published revision."
    counted = ArticleIndexState.objects.annotate(
        found=Count("article__indexed_chunks"),
        foreign=Count(
            "article__indexed_chunks", filter=~Q(article__indexed_chunks__revision_id=F("revision_id"))
        ),
    )
    for wrong in counted.exclude(found=F("chunk_count"), foreign=0):
        yield f"Article {wrong.pk}: {wrong.found} chunks are there, its manifest says {wrong.chunk_count}."
    for state in ArticleIndexState.objects.filter(revision_id__isnull=False).iterator(chunk_size=500):
        hashes = IndexedChunk.objects.filter(article_id=state.pk).order_by("ordinal")
        if content_hash(hashes.values_list("text_hash", flat=True)) != state.content_hash:
            yield f"Article {state.pk}: the texts of its chunks are not those of its manifest."


def _quotes() -> Iterator[str]:
    for chunk in IndexedChunk.objects.select_related("revision").iterator(chunk_size=500):
        if chunk.quote not in chunk.revision.body:
            yield f"Chunk {chunk.pk} of article {chunk.article_id} quotes what its revision does not say."
