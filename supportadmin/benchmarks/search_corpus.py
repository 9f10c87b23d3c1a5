"""Invented articles for ``benchmark search``: seeded, as rows of the index, and changed one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from core.models import User
from kb import index_version
from kb.chunking import Chunk
from kb.embedding import embed_chunks, embed_title, pack
from kb.indexing import content_hash, sync_article
from kb.models import (
    Article,
    ArticleAudience,
    ArticleIndexState,
    AudienceValue,
    ChunkEmbedding,
    IndexedChunk,
    Revision,
)
from nlp.encoder import SentenceEncoder

SECTIONS = 8  # an article, one of them its title
WORDS = 60  # a section
VOCABULARY, EXPONENT = 60_000, 1.05
SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "al", "er", "in", "on")]
MISSPELT_SHARE = 0.25  # of the queries
BATCH = 250  # articles


class Corpus:
    """So many sections of invented text, always the same."""

    def __init__(self, chunks: int) -> None:
        self.count = max(1, chunks // SECTIONS)
        rng = np.random.default_rng(7)
        self._words = ["".join(rng.choice(SYLLABLES, size=rng.integers(2, 5))) for _ in range(VOCABULARY)]
        weights = 1 / np.arange(1, VOCABULARY + 1) ** EXPONENT
        self._cumulated = np.cumsum(weights / weights.sum())

    def title(self, number: int) -> str:
        """Return an article's title."""
        return " ".join(self._draw(np.random.default_rng([1, number]), 6)).capitalize() + "?"

    def section(self, number: int, place: int) -> str:
        """Return one section's text."""
        return " ".join(self._draw(np.random.default_rng([2, number, place]), WORDS)).capitalize() + "."

    def markdown(self, number: int) -> str:
        """Return the article's whole text."""
        sections = (f"## Part {place}\n\n{self.section(number, place)}" for place in range(1, SECTIONS))
        return "\n\n".join(sections)

    def chunks(self, number: int) -> Iterator[Chunk]:
        """Yield what kb.chunking would make of the article, without parsing its text."""
        title = self.title(number)
        yield Chunk(0, (), "", title, title, "title", f"{number:056x}{0:08x}")
        for place in range(1, SECTIONS):
            text, heading = self.section(number, place), f"Part {place}"
            embedded = f"{title}. {heading}. {text}"
            digest = f"{number:056x}{place:08x}"
            yield Chunk(place, (heading,), f"part-{place}", text, embedded, "answer", digest)

    def queries(self, count: int) -> list[str]:
        """Return queries of 3 to 7 words of a section; some have a word misspelt."""
        rng = np.random.default_rng(3)
        return [self._query(rng) for _ in range(count)]

    def _query(self, rng: np.random.Generator) -> str:
        number, place = int(rng.integers(self.count)), int(rng.integers(1, SECTIONS))
        said = self.section(number, place).rstrip(".").split()
        words = list(rng.choice(said, size=rng.integers(3, 8)))
        if rng.random() < MISSPELT_SHARE:
            longest = max(range(len(words)), key=lambda i: len(words[i]))
            at = int(rng.integers(1, len(words[longest]) - 1))
            words[longest] = words[longest][:at] + words[longest][at + 1 :]
        return " ".join(words)

    def _draw(self, rng: np.random.Generator, count: int) -> list[str]:
        return [self._words[i] for i in np.searchsorted(self._cumulated, rng.random(count))]


def fill(corpus: Corpus, encoder: SentenceEncoder) -> None:
    """Write the articles with their index, as if each had been published and indexed."""
    owner = User.objects.create_user("benchmark")
    reviewer = User.objects.create_user("reviewer")
    values = {
        share: AudienceValue.objects.create(kind="tier", value=value, label=value)
        for share, value in ((100, "few"), (2, "half"), (1, "all"))
    }
    for start in range(1, corpus.count + 1, BATCH):
        numbers = range(start, min(start + BATCH, corpus.count + 1))
        with transaction.atomic():
            _write(corpus, encoder, numbers, (owner, reviewer))
            ArticleAudience.objects.bulk_create(
                ArticleAudience(article_id=number, value=value)
                for number in numbers
                for share, value in values.items()
                if number % share == 0
            )
            index_version.bump()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Article, Revision]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    connection.close()


def publish(corpus: Corpus, encoder: SentenceEncoder, count: int, pause: float, news: Any) -> None:
    """Publish so many articles anew and index them, telling each time by which word the new text is found."""
    for turn in range(count):
        number = 1 + (turn * 37) % corpus.count
        old = Revision.objects.get(article_id=number, state=Revision.State.PUBLISHED)
        word = f"new{time.monotonic_ns():x}"
        with transaction.atomic():
            Revision.objects.filter(pk=old.pk).update(state=Revision.State.SUPERSEDED)
            new = Revision.objects.create(
                article_id=number,
                number=old.number + 1,
                title=old.title,
                body=f"{corpus.markdown(number)}\n\n## New\n\n{word}",
                state=Revision.State.PUBLISHED,
                author_id=old.author_id,
                reviewer_id=old.reviewer_id,
            )
            Article.objects.filter(pk=number).update(published_revision=new, latest_number=new.number)
            index_version.bump()
        sync_article(number)
        news.put((word, time.monotonic()))
        time.sleep(pause)
    connection.close()


def _write(corpus: Corpus, encoder: SentenceEncoder, numbers: range, people: tuple[User, User]) -> None:
    now, (owner, reviewer) = timezone.now(), people
    titles = {number: corpus.title(number) for number in numbers}
    Article.objects.bulk_create(
        Article(pk=number, slug=f"article-{number}", title=title, latest_number=1, owner=owner)
        for number, title in titles.items()
    )
    Revision.objects.bulk_create(
        Revision(
            pk=number,
            article_id=number,
            number=1,
            title=title,
            body=corpus.markdown(number),
            state=Revision.State.PUBLISHED,
            author=owner,
            reviewer=reviewer,
            published_at=now,
        )
        for number, title in titles.items()
    )
    for number in numbers:
        Article.objects.filter(pk=number).update(published_revision_id=number)
    states, rows, embeddings = [], [], []
    for number, title in titles.items():
        chunks = list(corpus.chunks(number))
        rows += [IndexedChunk(article_id=number, revision_id=number, **_columns(item)) for item in chunks]
        embeddings += [
            ChunkEmbedding(text_hash=item.text_hash, encoder=encoder.fingerprint, vector=pack(vector))
            for item, vector in zip(chunks, embed_chunks(chunks, encoder), strict=True)
        ]
        states.append(
            ArticleIndexState(
                article_id=number,
                revision_id=number,
                title=title,
                title_tokens=pack(embed_title(title, encoder)),
                content_hash=content_hash(item.text_hash for item in chunks),
                encoder=encoder.fingerprint,
                chunk_count=len(chunks),
                version=1,
            )
        )
    IndexedChunk.objects.bulk_create(rows, batch_size=1_000)
    ChunkEmbedding.objects.bulk_create(embeddings, batch_size=1_000)
    ArticleIndexState.objects.bulk_create(states, batch_size=1_000)


def _columns(item: Chunk) -> dict[str, Any]:
    return {
        "ordinal": item.ordinal,
        "heading_path": list(item.heading_path),
        "anchor": item.anchor,
        "quote": item.quote,
        "embed_text": item.embed_text,
        "kind": item.kind,
        "text_hash": item.text_hash,
    }
