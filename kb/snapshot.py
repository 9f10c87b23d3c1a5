"""An immutable in-memory index of published articles, and the search over it.

A change gives a new snapshot that shares what did not change, so readers in other threads never see half of
one. Decides nothing about who may read what: the caller names the allowed articles at every search.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from kb import links, ranking
from kb.chunking import Chunk, chunk
from nlp.bm25 import BM25, tokenize
from nlp.encoder import Encoding

MAX_QUERY_CHARACTERS = 2000
MAX_LIMIT = 50
MAX_HINTS = 200

Id = TypeVar("Id", bound=Hashable)


class Encoder(Protocol):
    """What the index needs of a sentence encoder."""

    dimension: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return sentence vectors (n, d)."""

    def encode_tokens(self, texts: Sequence[str]) -> list[Encoding]:
        """Return token and sentence vectors per text."""


@dataclass(frozen=True, slots=True)
class IndexedArticle(Generic[Id]):
    """One published revision, ready to be searched.

    ``vectors`` (len(chunks), d) and ``title_tokens`` (t, d) are float16 on the lattice of ``kb.ranking``.
    """

    article_id: Id
    revision_id: int | None
    title: str
    chunks: tuple[Chunk, ...]
    vectors: np.ndarray
    title_tokens: np.ndarray


@dataclass(frozen=True, slots=True)
class Hit(Generic[Id]):
    """An article with its best passage; the meaning of ``score`` is written in ``kb.ranking``."""

    article_id: Id
    revision_id: int | None
    title: str
    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Found(Generic[Id]):
    """Hits, best first and one per article; ``exclusion`` if an article says it does not cover the query."""

    hits: tuple[Hit[Id], ...] = ()
    exclusion: Hit[Id] | None = None


def index_article(
    article_id: Id, revision_id: int | None, title: str, markdown: str, encoder: Encoder
) -> IndexedArticle[Id]:
    """Chunk and embed one revision."""
    chunks = chunk(title, markdown)
    vectors = embed_chunks(chunks, encoder)
    return IndexedArticle(article_id, revision_id, title, tuple(chunks), vectors, embed_title(title, encoder))


def embed_chunks(
    chunks: Sequence[Chunk], encoder: Encoder, known: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """Return vectors (n, d) float16; chunks whose ``text_hash`` is in ``known`` are not encoded again."""
    found = dict(known or {})
    fresh = {item.text_hash: item.embed_text for item in chunks if item.text_hash not in found}
    encoded = ranking.to_lattice(encoder.encode(list(fresh.values())))
    found.update(zip(fresh, encoded, strict=True))
    rows = [found[item.text_hash] for item in chunks]
    return np.array(rows, dtype=np.float16).reshape(len(chunks), encoder.dimension)


def embed_title(title: str, encoder: Encoder) -> np.ndarray:
    """Return the title's token vectors (t, d) float16."""
    tokens = encoder.encode_tokens([title])[0].tokens[: ranking.MAX_TITLE_TOKENS]
    return ranking.to_lattice(_inner(tokens)).astype(np.float16)


def pack(vectors: np.ndarray) -> bytes:
    """Return lattice vectors as little-endian float16 bytes, row by row."""
    return vectors.astype("<f2").tobytes()


def unpack(data: bytes, dimension: int) -> np.ndarray:
    """Return the vectors (n, dimension) that ``pack`` wrote; raise ValueError on a wrong length."""
    return np.frombuffer(data, dtype="<f2").reshape(-1, dimension)


class IndexSnapshot(Generic[Id]):
    """Chunks, vectors and words of a set of articles; ``replace`` and ``remove`` give new ones."""

    def __init__(
        self, articles: Sequence[IndexedArticle[Id]], matrix: np.ndarray, words: BM25, encoder: Encoder
    ) -> None:
        """Take aligned parts, articles in the order of their ids; use ``build``."""
        self.articles = tuple(articles)
        self._encoder = encoder
        self._matrix = matrix
        self._words = words
        self._row_of = {article.article_id: row for row, article in enumerate(self.articles)}
        sizes = np.array([len(article.chunks) for article in self.articles], dtype=np.int64)
        self._article_of = np.repeat(np.arange(len(self.articles)), sizes)
        self._starts = np.cumsum(sizes) - sizes
        kinds = [item.kind for article in self.articles for item in article.chunks]
        self._is_exclusion = np.array([kind == "exclusion" for kind in kinds], dtype=bool)
        # An exclusion that names another article is a signpost: what it speaks of is covered, elsewhere.
        self._is_refusal = np.array(
            [
                item.kind == "exclusion" and not links.names_article(item.quote)
                for article in self.articles
                for item in article.chunks
            ],
            dtype=bool,
        )
        self._hints: dict[str, np.ndarray] = {}
        self._is_answer = np.array([kind == "answer" for kind in kinds], dtype=bool)

    @classmethod
    def build(cls, articles: Iterable[IndexedArticle[Id]], encoder: Encoder) -> IndexSnapshot[Id]:
        """Index articles; those without chunks are left out, of equal ids the last one counts."""
        unique = {article.article_id: article for article in articles if article.chunks}
        ordered = sorted(unique.values(), key=lambda article: _order(article.article_id))
        blocks = [article.vectors for article in ordered] or [np.zeros((0, encoder.dimension), np.float16)]
        matrix = np.concatenate(blocks).astype(np.float32)
        return cls(ordered, matrix, BM25.build(_terms(article) for article in ordered), encoder)

    @property
    def article_ids(self) -> tuple[Id, ...]:
        """Return the ids of all indexed articles."""
        return tuple(self._row_of)

    def replace(self, article: IndexedArticle[Id]) -> IndexSnapshot[Id]:
        """Return a snapshot with ``article`` in place of the one of the same id, if any."""
        return self._splice(article.article_id, [article] if article.chunks else [])

    def remove(self, article_id: Id) -> IndexSnapshot[Id]:
        """Return a snapshot without that article."""
        return self._splice(article_id, [])

    def search(
        self,
        query: str,
        *,
        allowed_articles: Collection[Id],
        boosted_articles: Collection[Id] = frozenset(),
        limit: int = 5,
        method: str = "hybrid",
        hint: str = "",
    ) -> Found[Id]:
        """Return the best allowed articles for ``query``; articles not allowed influence nothing.

        ``hint`` names what the query is known to be about; it sways what lies close together.
        Empty when nothing is allowed, or the query has no word to search for and no page narrows it.
        Raise ValueError for an unknown method.
        """
        if method not in ranking.METHODS:
            raise ValueError(f"Unknown method {method!r}; one of {', '.join(ranking.METHODS)}.")
        query = " ".join(query[:MAX_QUERY_CHARACTERS].split())
        allowed = self._mask(allowed_articles)
        boosted = self._mask(boosted_articles) & allowed
        terms = tokenize(query)
        if not allowed.any() or not any(map(str.isalnum, query)) or not (terms or boosted.any()):
            return Found()
        encoding = self._encoder.encode_tokens([query])[0]
        cosines = ranking.passage_scores(self._matrix, ranking.to_lattice(encoding.sentence))
        readable = allowed[self._article_of]
        answers = np.where(readable & ~self._is_exclusion, cosines, 0.0)
        passage = np.maximum.reduceat(answers, self._starts)
        words = ranking.word_scores(*self._words.scores(terms, allowed))
        scores = self._scores(method, encoding, passage, words, allowed)
        if hint:
            scores = ranking.lean(scores, self._nearness(hint))
        scores = ranking.page_boost(scores, boosted, vague=ranking.is_vague(terms))
        rows = ranking.top(scores, allowed, max(1, min(limit, MAX_LIMIT)))
        best_answer = float(ranking.first_scores(passage, words).max())
        excluded = self._exclusion(cosines, readable & self._is_refusal, terms, allowed, best_answer)
        return Found(
            hits=tuple(self._hit(self._best_chunk(row, cosines), float(scores[row])) for row in rows),
            exclusion=None if excluded is None else self._hit(excluded, float(cosines[excluded])),
        )

    def _scores(
        self, method: str, encoding: Encoding, passage: np.ndarray, words: np.ndarray, allowed: np.ndarray
    ) -> np.ndarray:
        """Return one score per article by ``method``."""
        if method == "dense":
            return passage
        if method == "bm25":
            return words
        title = np.zeros_like(passage)
        first = ranking.first_scores(passage, words)
        candidates = ranking.top(first, allowed, ranking.TITLE_CANDIDATES)
        tokens = ranking.to_lattice(_inner(encoding.tokens))
        title[candidates] = ranking.title_scores(tokens, [self.articles[r].title_tokens for r in candidates])
        return ranking.blend(passage, title, words)

    def _exclusion(
        self,
        cosines: np.ndarray,
        eligible: np.ndarray,
        terms: list[str],
        allowed: np.ndarray,
        best_answer: float,
    ) -> int | None:
        """Return the row of the exclusion that the query meets, if any (see kb.ranking)."""
        near = np.flatnonzero(eligible & (cosines >= ranking.EXCLUSION_COSINE))
        if not near.size:
            return None
        words = np.zeros_like(cosines)
        words[near] = self._words.shares(
            terms, [tokenize(self._chunk(int(row)).quote) for row in near], allowed
        )
        return ranking.find_exclusion(cosines, words, eligible, best_answer)

    def _nearness(self, hint: str) -> np.ndarray:
        """Return the cosine (articles,) of each article's nearest section with the hint; kept per hint."""
        known = self._hints.get(hint)
        if known is None:
            vector = ranking.to_lattice(self._encoder.encode([hint[:MAX_QUERY_CHARACTERS]])[0])
            cosines = np.where(self._is_exclusion, 0.0, ranking.passage_scores(self._matrix, vector))
            known = np.maximum.reduceat(cosines, self._starts)
            if len(self._hints) >= MAX_HINTS:
                self._hints.clear()
            self._hints[hint] = known
        return known

    def _best_chunk(self, row: int, cosines: np.ndarray) -> int:
        """Return the nearest answer of an article; its title only if it has no answer.

        What stands first answers the question in the title, so it is as near as the title is.
        """
        rows = np.arange(self._starts[row], self._starts[row] + len(self.articles[row].chunks))
        answers = rows[self._is_answer[rows]]
        titles = rows[~self._is_answer[rows] & ~self._is_exclusion[rows]]
        if not answers.size:
            return int(titles[np.argmax(cosines[titles])])
        nearness = cosines[answers]
        nearness[0] = max(nearness[0], cosines[titles].max(initial=0.0))
        return int(answers[np.argmax(nearness)])

    def _hit(self, chunk_row: int, score: float) -> Hit[Id]:
        article = self.articles[int(self._article_of[chunk_row])]
        return Hit(article.article_id, article.revision_id, article.title, self._chunk(chunk_row), score)

    def _chunk(self, chunk_row: int) -> Chunk:
        number = int(self._article_of[chunk_row])
        return self.articles[number].chunks[chunk_row - int(self._starts[number])]

    def _mask(self, article_ids: Collection[Id]) -> np.ndarray:
        mask = np.zeros(len(self.articles), dtype=bool)
        mask[[self._row_of[article_id] for article_id in article_ids if article_id in self._row_of]] = True
        return mask

    def _splice(self, article_id: Id, new: list[IndexedArticle[Id]]) -> IndexSnapshot[Id]:
        """Return a snapshot with ``new`` in place of the article of that id."""
        keep = [article for article in self.articles if article.article_id != article_id]
        at = sum(_order(article.article_id) < _order(article_id) for article in keep)
        gone = len(self.articles) - len(keep)
        start = int(self._starts[at]) if at < len(self.articles) else len(self._matrix)
        stop = start + (len(self.articles[at].chunks) if gone else 0)
        vectors = [article.vectors.astype(np.float32) for article in new]
        matrix = np.concatenate([self._matrix[:start], *vectors, self._matrix[stop:]])
        words = self._words.replace(at, at + gone, [_terms(article) for article in new])
        return IndexSnapshot([*keep[:at], *new, *keep[at:]], matrix, words, self._encoder)


def _terms(article: IndexedArticle[Id]) -> list[str]:
    """Return the article's words; title and headings count once per section, which weights them up."""
    texts = (item.embed_text for item in article.chunks if item.kind != "exclusion")
    return [term for text in texts for term in tokenize(text)]


def _order(article_id: Hashable) -> str:
    """Order rows by id, so that equal scores come in the same order whenever an article was indexed."""
    return str(article_id)


def _inner(tokens: np.ndarray) -> np.ndarray:
    """Drop the encoder's start and end marks, where there is anything between them."""
    return tokens[1:-1] if len(tokens) > 2 else tokens
