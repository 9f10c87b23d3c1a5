"""An immutable in-memory index of published articles, and the search over it.

A change gives a new snapshot that shares what did not change, so readers in other threads never see half of
one. Changed articles get a slot of their own behind the others, and what they replace stays as waste until
``compacted``; neither changes a result. Decides nothing about who may read what: the caller names the allowed
articles at every search.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple

import numpy as np

from kb import ranking
from kb.chunking import Chunk
from kb.embedding import Encoder, Id, IndexedArticle, inner
from kb.passages import Passages
from kb.sections import Sections, Selection
from nlp.bm25 import BM25, Wanted, tokenize
from nlp.encoder import Encoding
from nlp.synonyms import Synonyms

MAX_QUERY_CHARACTERS = 2000
MAX_LIMIT = 50
MAX_HINTS = 200


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


class _Slot(NamedTuple):
    """What is kept of an indexed article beside the arrays."""

    article_id: Any
    revision_id: int | None
    title: str
    chunks: tuple[Chunk, ...]
    title_tokens: np.ndarray


class IndexSnapshot(Generic[Id]):
    """Sections and words of a set of articles; ``update`` and its like give new ones."""

    def __init__(
        self,
        slots: Sequence[_Slot],
        order: Sequence[int],
        sections: Sections,
        words: BM25,
        encoder: Encoder,
        synonyms: Synonyms | None = None,
        keys: list[str] | None = None,
    ) -> None:
        """Take aligned parts, the slots that count in the order of their articles' ids; use ``build``."""
        self._slots = tuple(slots)
        self._order = np.array(order, dtype=np.int64)
        self._sections = sections
        self._words = words
        self._encoder = encoder
        self._synonyms = synonyms or Synonyms()
        self._keys = [_order(self._slots[slot].article_id) for slot in order] if keys is None else keys
        self._slot_of: dict[Id, int] = {self._slots[slot].article_id: slot for slot in order}
        # Equal scores come in the order of ids, whenever an article was indexed.
        self._place = np.zeros(len(self._slots), dtype=np.int64)
        self._place[self._order] = np.arange(len(self._order))
        self._hints: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    @classmethod
    def build(cls, articles: Iterable[IndexedArticle[Id]], encoder: Encoder) -> IndexSnapshot[Id]:
        """Index articles; those without chunks are left out, of equal ids the last one counts."""
        unique = {article.article_id: article for article in articles if article.chunks}
        ordered = sorted(unique.values(), key=lambda article: _order(article.article_id))
        slots, sections = _laid_out(ordered, encoder.dimension)
        words = BM25.build(_terms(article.chunks) for article in ordered)
        return cls(slots, range(len(slots)), sections, words, encoder)

    @property
    def article_ids(self) -> tuple[Id, ...]:
        """Return the ids of all indexed articles."""
        return tuple(self._slot_of)

    @property
    def section_count(self) -> int:
        """How many sections are held, waste included."""
        return len(self._sections.article_of)

    @property
    def waste(self) -> int:
        """How many sections stand apart from the large block, so that a change has to copy them."""
        return sum(map(len, self._sections.blocks[1:])) + len(self._slots) - len(self._order)

    @cached_property
    def revisions(self) -> dict[Id, int | None]:
        """The revision that is held of each article."""
        return {article_id: self._slots[slot].revision_id for article_id, slot in self._slot_of.items()}

    def replace(self, article: IndexedArticle[Id]) -> IndexSnapshot[Id]:
        """Return a snapshot with ``article`` in place of the one of the same id, if any."""
        return self.update([article])

    def remove(self, article_id: Id) -> IndexSnapshot[Id]:
        """Return a snapshot without that article."""
        return self.update([], [article_id])

    def update(self, articles: Iterable[IndexedArticle[Id]], removed: Iterable[Id] = ()) -> IndexSnapshot[Id]:
        """Return a snapshot with ``articles`` in place of those of their ids, without the removed ones."""
        changed = {article.article_id: article for article in articles}
        new = [article for article in changed.values() if article.chunks]
        keys = self._keys.copy()
        order = self._order.tolist()
        for article_id in {*changed, *removed} & self._slot_of.keys():
            at = bisect_left(keys, _order(article_id))
            del keys[at], order[at]
        for slot, article in enumerate(new, start=len(self._slots)):
            at = bisect_left(keys, _order(article.article_id))
            keys.insert(at, _order(article.article_id))
            order.insert(at, slot)
        slots, sections = _laid_out(new, self._encoder.dimension)
        after: IndexSnapshot[Id] = IndexSnapshot(
            [*self._slots, *slots],
            order,
            self._sections.extended(sections) if new else self._sections,
            self._words.extended(_terms(article.chunks) for article in new) if new else self._words,
            self._encoder,
            self._synonyms,
            keys,
        )
        for hint, (vector, known) in list(self._hints.items()):
            after._hints[hint] = vector, np.concatenate([known, _nearness(sections, vector)])
        return after

    def compacted(self) -> IndexSnapshot[Id]:
        """Return the same snapshot without waste."""
        slots = [self._slots[slot] for slot in self._order]
        sections, words = self._sections.taken(self._order), self._words.taken(self._order)
        after: IndexSnapshot[Id] = IndexSnapshot(
            slots, range(len(slots)), sections, words, self._encoder, self._synonyms
        )
        after._hints = {hint: (vector, known[self._order]) for hint, (vector, known) in self._hints.items()}
        return after

    def with_synonyms(self, synonyms: Synonyms) -> IndexSnapshot[Id]:
        """Return the same snapshot, searched with these synonyms."""
        after = copy(self)
        after._synonyms = synonyms
        return after

    def select(self, article_ids: Iterable[Id]) -> Selection:
        """Return the part of these articles, to be searched many times."""
        return self._sections.select(self._mask(article_ids))

    def search(
        self,
        query: str,
        *,
        allowed_articles: Collection[Id] | Selection,
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
        part = allowed_articles if isinstance(allowed_articles, Selection) else self.select(allowed_articles)
        boosted = self._mask(boosted_articles) & part.articles
        terms = tokenize(query)
        if not part.articles.any() or not any(map(str.isalnum, query)) or not (terms or boosted.any()):
            return Found()
        encoding = self._encoder.encode_tokens([query])[0]
        vector = ranking.to_lattice(encoding.sentence)
        near = Passages(self._sections, vector, part, settled=method != "hybrid")
        words = ranking.word_scores(*self._words.scores(self._wanted(query, part), part.articles))
        near.settle(np.flatnonzero(boosted))
        while True:
            scores = self._scores(method, encoding, near, words, part)
            if hint:
                scores = ranking.lean(scores, self._nearness(hint))
            scores = ranking.page_boost(scores, boosted, vague=ranking.is_vague(terms))
            found = ranking.top(scores, part.articles, max(1, min(limit, MAX_LIMIT)), self._place)
            if not near.settle(found):
                break
        excluded = self._exclusion(near, part, terms, float(ranking.first_scores(near.nearest, words).max()))
        return Found(
            hits=tuple(self._hit(self._best_chunk(row, near.cosines), float(scores[row])) for row in found),
            exclusion=None if excluded is None else self._hit(excluded, float(near.cosines[excluded])),
        )

    def _wanted(self, query: str, part: Selection) -> list[Wanted]:
        """Return what is searched for by words: with synonyms, misspelt ones with what they may stand for."""
        wanted = self._synonyms.wanted(query)
        return self._words.corrected(wanted, part.articles, ranking.CORRECTED_SHARE)

    def _scores(
        self, method: str, encoding: Encoding, near: Passages, words: np.ndarray, part: Selection
    ) -> np.ndarray:
        """Return one score per article by ``method``; at least it, of what is not settled in ``near``."""
        if method == "dense":
            return near.nearest
        if method == "bm25":
            return words
        candidates = self._candidates(near, words, part)
        title = np.zeros_like(near.nearest)
        tokens = ranking.to_lattice(inner(encoding.tokens))
        title[candidates] = ranking.title_scores(tokens, [self._slots[r].title_tokens for r in candidates])
        return ranking.blend(near.nearest, title, words)

    def _candidates(self, near: Passages, words: np.ndarray, part: Selection) -> np.ndarray:
        """Return the articles whose titles are compared: the best without them, all of them settled."""
        count = ranking.TITLE_CANDIDATES
        while True:
            first = ranking.first_scores(near.nearest, words)
            best = ranking.top(first, part.articles, count, self._place)
            if not near.settle(best):
                return best
            # What may be above the last of those that are surely good may be among the best.
            good = ranking.top(first, part.articles, 3 * count, self._place)
            near.settle(good)
            settled = np.sort(ranking.first_scores(near.nearest[good], words[good]))
            near.settle(np.flatnonzero(part.articles & (first >= settled[-count:][0])))

    def _exclusion(
        self, passages: Passages, part: Selection, terms: list[str], best_answer: float
    ) -> int | None:
        """Return the row of the exclusion that the query meets, if any (see kb.ranking)."""
        near = passages.at_least(part.refusals, ranking.EXCLUSION_COSINE)
        if not near.size:
            return None
        near = near[np.lexsort((near, self._place[self._sections.article_of[near]]))]
        texts = [tokenize(self._chunk(int(row)).quote) for row in near]
        words = self._words.shares(terms, texts, part.articles)
        eligible = np.ones(len(near), dtype=bool)
        met = ranking.find_exclusion(passages.cosines[near].astype(np.float64), words, eligible, best_answer)
        return None if met is None else int(near[met])

    def _nearness(self, hint: str) -> np.ndarray:
        """Return the cosine (slots,) of each article's nearest section with the hint; kept per hint."""
        held = self._hints.get(hint)
        if held is None:
            vector = ranking.to_lattice(self._encoder.encode([hint[:MAX_QUERY_CHARACTERS]])[0])
            held = vector, _nearness(self._sections, vector)
            if len(self._hints) >= MAX_HINTS:
                self._hints.clear()
            self._hints[hint] = held
        return held[1]

    def _best_chunk(self, slot: int, cosines: np.ndarray) -> int:
        """Return the nearest answer of an article; its title only if it has no answer.

        What stands first answers the question in the title, so it is as near as the title is.
        """
        start = int(self._sections.starts[slot])
        rows = np.arange(start, start + int(self._sections.sizes[slot]))
        answers = rows[self._sections.is_answer[rows]]
        titles = rows[~self._sections.is_answer[rows] & ~self._sections.is_exclusion[rows]]
        if not answers.size:
            return int(titles[np.argmax(cosines[titles])])
        nearness = cosines[answers]
        nearness[0] = max(nearness[0], cosines[titles].max(initial=0.0))
        return int(answers[np.argmax(nearness)])

    def _mask(self, article_ids: Iterable[Id]) -> np.ndarray:
        mask = np.zeros(len(self._slots), dtype=bool)
        mask[[self._slot_of[article_id] for article_id in article_ids if article_id in self._slot_of]] = True
        return mask

    def _hit(self, row: int, score: float) -> Hit[Id]:
        held = self._slots[int(self._sections.article_of[row])]
        return Hit(held.article_id, held.revision_id, held.title, self._chunk(row), score)

    def _chunk(self, row: int) -> Chunk:
        slot = int(self._sections.article_of[row])
        return self._slots[slot].chunks[row - int(self._sections.starts[slot])]


def _laid_out(articles: Sequence[IndexedArticle[Id]], dimension: int) -> tuple[list[_Slot], Sections]:
    """Return slots and sections of articles with chunks, in this order."""
    slots = [_Slot(a.article_id, a.revision_id, a.title, a.chunks, a.title_tokens) for a in articles]
    return slots, Sections.build([a.chunks for a in articles], [a.vectors for a in articles], dimension)


def _nearness(sections: Sections, vector: np.ndarray) -> np.ndarray:
    """Return per article the cosine of its nearest section that may answer."""
    return sections.nearest(sections.cosines(vector), ~sections.is_exclusion)


def _terms(chunks: Iterable[Chunk]) -> list[str]:
    """Return an article's words; title and headings count once per section, which weights them up."""
    texts = (item.embed_text for item in chunks if item.kind != "exclusion")
    return [term for text in texts for term in tokenize(text)]


def _order(article_id: Hashable) -> str:
    """Order articles by id, so that equal scores come in the same order whenever an article was indexed."""
    return str(article_id)
