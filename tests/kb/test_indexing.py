"""From publication to the index: what is embedded, what a crash leaves, what mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from core import jobs
from core.actors import Actor
from core.models import Job
from kb import index_loading, indexing
from kb.chunking import Chunk
from kb.contracts import Audience
from kb.indexing import Manifest, index_rebuild, plan_sync, sync_article
from kb.integrity import unindexed_article_ids, violations
from kb.models import Article, ArticleIndexState, AudienceValue, ChunkEmbedding, IndexedChunk, Revision
from kb.retrieval import search
from kb.review import article_archive, article_unarchive
from kb.services import article_set_audience, article_set_pages, revision_save_draft
from nlp.encoder import SentenceEncoder
from tests.kb.conftest import BODY

pytestmark = pytest.mark.django_db
Live = Callable[..., Article]
Publish = Callable[[Revision], Article]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that went through the encoder for the index."""
    texts: list[str] = []
    original = indexing.embed_chunks

    def embed(chunks: list[Chunk], model: SentenceEncoder, known: dict[str, np.ndarray]) -> np.ndarray:
        texts.extend(item.embed_text for item in chunks if item.text_hash not in known)
        return original(chunks, model, known)

    monkeypatch.setattr(indexing, "embed_chunks", embed)
    return texts


def edit(actor: Actor, article: Article, body: str) -> Revision:
    article.refresh_from_db()
    return revision_save_draft(
        actor=actor, article=article, base_number=article.latest_number, title=article.title, body=body
    )


@pytest.mark.row("2.13")
@pytest.mark.parametrize(
    ("held", "wanted", "action"),
    [
        (None, Manifest(None, ""), "none"),
        (None, Manifest(1, "e"), "write"),
        (Manifest(1, "e"), Manifest(1, "e"), "none"),
        (Manifest(1, "e"), Manifest(2, "e"), "write"),
        (Manifest(1, "e"), Manifest(1, "f"), "write"),
        (Manifest(1, "e"), Manifest(None, ""), "remove"),
        (Manifest(None, ""), Manifest(None, ""), "none"),
    ],
)
def test_the_plan_follows_from_what_is_held_and_what_is_wanted(
    held: Manifest | None, wanted: Manifest, action: str
) -> None:
    assert plan_sync(held, wanted) == action


@pytest.mark.row("2.13")
def test_publication_indexes_the_article_with_its_manifest(live: Live) -> None:
    article = live()
    state = ArticleIndexState.objects.get()
    assert (state.article_id, state.revision_id) == (article.pk, article.published_revision_id)
    assert state.chunk_count == IndexedChunk.objects.count() == 3
    assert list(violations()) == []


@pytest.mark.row("2.13")
def test_a_typo_embeds_one_section_of_one_article(
    live: Live, publish: Publish, writer: Actor, encoded: list[str]
) -> None:
    article = live()
    live("other", "How do I export a list?", "# How do I export a list?\n\nChoose **Export**.")
    encoded.clear()
    publish(edit(writer, article, BODY.replace("spam folder", "junk folder")))
    versions = dict(ArticleIndexState.objects.values_list("article_id", "version"))
    jobs.run_due()
    assert encoded == [
        "How do I reset my password?. The mail does not arrive. "
        "Look into the junk folder, then ask your administrator."
    ]
    changed = {
        pk for pk, v in ArticleIndexState.objects.values_list("article_id", "version") if versions[pk] != v
    }
    assert changed == {article.pk}


@pytest.mark.row("2.13")
def test_an_edit_of_audience_or_pages_embeds_nothing_and_queues_a_comparison_at_most(
    live: Live, writer: Actor, audience_value: Callable[..., AudienceValue], encoded: list[str]
) -> None:
    article = live()
    encoded.clear()
    version = ArticleIndexState.objects.get().version
    article_set_audience(
        actor=writer, article=article, for_everyone=False, values=[audience_value("tier", "team")]
    )
    article_set_pages(actor=writer, article=article, product_pages=[])
    assert [job.task for job in Job.objects.filter(state=Job.State.QUEUED)] == ["kb.tasks.compare"]
    jobs.run_due()
    assert sync_article(article.pk).action == "none"
    assert encoded == []
    assert ArticleIndexState.objects.get().version == version


@pytest.mark.row("2.13", "R25")
@pytest.mark.parametrize("at", ["kb.indexing.ArticleIndexState.objects.update_or_create", "kb.indexing._row"])
def test_a_crash_midway_is_detected_and_a_second_run_mends_it(
    draft: Callable[..., Revision], publish: Publish, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    article = publish(draft())

    def crash(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(at, crash)
        with pytest.raises(KeyboardInterrupt):
            sync_article(article.pk)
    assert (IndexedChunk.objects.count(), ArticleIndexState.objects.count()) == (0, 0)
    assert unindexed_article_ids() == [article.pk]
    assert list(violations()) == [f"Article {article.pk}: the index does not hold its published revision."]
    assert search("reset password", audience=Audience()).hits == ()
    outcome = sync_article(article.pk)
    assert (outcome.action, outcome.chunks, outcome.embedded) == ("write", 3, 0)
    assert list(violations()) == []


@pytest.mark.row("2.13", "R35")
def test_a_sync_run_twice_changes_nothing_the_second_time(live: Live) -> None:
    article = live()
    before = list(ArticleIndexState.objects.values()), list(IndexedChunk.objects.values())
    assert sync_article(article.pk).action == "none"
    assert (list(ArticleIndexState.objects.values()), list(IndexedChunk.objects.values())) == before


@pytest.mark.row("2.13")
def test_a_publication_between_plan_and_write_is_indexed_instead(
    draft: Callable[..., Revision], publish: Publish, writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = publish(draft())
    original = indexing._prepare
    later: list[Article] = []

    def publish_meanwhile(revision: Revision, model: SentenceEncoder) -> object:
        entry = original(revision, model)
        if not later:
            later.append(publish(edit(writer, article, "# New\n\nThe newest text.")))
        return entry

    monkeypatch.setattr("kb.indexing._prepare", publish_meanwhile)
    sync_article(article.pk)
    assert ArticleIndexState.objects.get().revision_id == later[0].published_revision_id
    assert set(IndexedChunk.objects.values_list("revision__number", flat=True)) == {2}


@pytest.mark.row("2.13")
def test_an_archived_article_leaves_the_index_and_comes_back_without_embedding(
    live: Live, writer: Actor, encoded: list[str]
) -> None:
    article = live()
    article_archive(actor=writer, article=article)
    assert search("reset password", audience=Audience()).hits == ()
    assert unindexed_article_ids() == [article.pk]
    jobs.run_due()
    assert IndexedChunk.objects.count() == 0
    assert unindexed_article_ids() == []
    assert search("reset password", audience=Audience()).hits == ()
    encoded.clear()
    article_unarchive(actor=writer, article=article)
    jobs.run_due()
    assert encoded == []
    assert len(search("reset password", audience=Audience()).hits) == 1


@pytest.mark.row("2.13")
def test_another_encoder_has_everything_indexed_anew(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    article = live()
    ArticleIndexState.objects.update(encoder="0123456789abcdef")
    assert unindexed_article_ids() == [article.pk]
    assert search("reset password", audience=Audience()).hits == ()
    counts = index_rebuild(progress=lambda done, total: None)
    assert (counts["write"], counts["none"]) == (1, 0)
    assert len(search("reset password", audience=Audience()).hits) == 1


def test_a_rebuild_forgets_embeddings_that_no_chunk_uses(live: Live, publish: Publish, writer: Actor) -> None:
    article = live()
    publish(edit(writer, article, "# Short\n\nAnother text altogether."))
    jobs.run_due()
    kept = IndexedChunk.objects.values("text_hash").distinct().count()
    assert ChunkEmbedding.objects.count() > kept
    index_rebuild(progress=lambda done, total: None)
    assert ChunkEmbedding.objects.count() == kept


def test_integrity_names_altered_chunks_and_quotes(live: Live) -> None:
    article = live()
    chunk = IndexedChunk.objects.order_by("ordinal").last()
    assert chunk is not None
    IndexedChunk.objects.filter(pk=chunk.pk).update(quote="Never said.", text_hash="0" * 64)
    assert list(violations()) == [
        f"Article {article.pk}: the texts of its chunks are not those of its manifest.",
        f"Chunk {chunk.pk} of article {article.pk} quotes what its revision does not say.",
    ]
    IndexedChunk.objects.filter(pk=chunk.pk).delete()
    assert next(iter(violations())) == f"Article {article.pk}: 2 chunks are there, its manifest says 3."


def test_only_changed_articles_are_read_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        live(f"article-{number}", f"Topic {number}", f"# Topic {number}\n\nText number {number}.")
    index_loading.fresh_index()
    read: list[int] = []
    original = index_loading._read_articles

    def note(states: list[ArticleIndexState], model: SentenceEncoder) -> object:
        read.extend(state.pk for state in states)
        return original(states, model)

    monkeypatch.setattr("kb.index_loading._read_articles", note)
    new = live("newest", "Zebra crossing", "# Zebra crossing\n\nLook left and right.")
    hits = search("zebra crossing", audience=Audience()).hits
    assert hits[0].article_id == new.pk
    assert read == [new.pk]
    search("zebra crossing", audience=Audience())
    assert read == [new.pk]
