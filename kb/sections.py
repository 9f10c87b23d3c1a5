"""The sections of indexed articles as arrays: vectors, what each section is, and which article it belongs to.

Immutable; articles stand in slots, and a slot never moves. What is added stands in a small block of vectors
behind the large one, so adding an article copies little. Decides nothing about who may read what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb import links, ranking
from kb.chunking import Chunk
from kb.sketch import Sketch

GATHERED_SHARE = 0.15  # where fewer of the rows count, they are picked out instead of passing over all


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The part of the sections that a reader may see."""

    articles: np.ndarray  # bool by slot
    answers: np.ndarray  # bool by row: what may answer
    refusals: np.ndarray  # rows of exclusions
    rows: np.ndarray | None  # all rows of the articles where they are few, else None


@dataclass(frozen=True, slots=True, eq=False)
class Sections:
    """Sections row by row, those of one article in a run."""

    blocks: tuple[np.ndarray, ...]  # one or two of (n, d) float32 on the lattice
    sizes: np.ndarray  # (articles,)
    starts: np.ndarray  # (articles,) first rows
    article_of: np.ndarray  # (rows,) slots
    is_answer: np.ndarray  # (rows,) bool
    is_exclusion: np.ndarray
    is_refusal: np.ndarray
    sketch: Sketch | None  # of the first block

    @classmethod
    def build(
        cls, chunks: Sequence[Sequence[Chunk]], vectors: Sequence[np.ndarray], dimension: int
    ) -> Sections:
        """Lay out the chunks (at least one each) and vectors (n, d) of articles."""
        matrix = np.empty((sum(map(len, vectors)), dimension), dtype=np.float32)
        end = 0
        for block in vectors:
            matrix[end : (end := end + len(block))] = block
        every = [item for group in chunks for item in group]
        return cls._laid_out(
            (matrix,),
            Sketch.of(matrix),
            np.array([len(group) for group in chunks], dtype=np.int64),
            np.array([item.kind == "answer" for item in every], dtype=bool),
            np.array([item.kind == "exclusion" for item in every], dtype=bool),
            # An exclusion that names another article is a signpost: what it speaks of is covered, elsewhere.
            np.array(
                [item.kind == "exclusion" and not links.names_article(item.quote) for item in every],
                dtype=bool,
            ),
        )

    def __len__(self) -> int:
        return len(self.sizes)

    def extended(self, more: Sections) -> Sections:
        """Return sections with the articles of ``more`` in further slots."""
        first, *rest = self.blocks
        added = np.concatenate([*rest, *more.blocks])
        return self._laid_out(
            (first, added),
            self.sketch,
            np.concatenate([self.sizes, more.sizes]),
            np.concatenate([self.is_answer, more.is_answer]),
            np.concatenate([self.is_exclusion, more.is_exclusion]),
            np.concatenate([self.is_refusal, more.is_refusal]),
        )

    def taken(self, slots: np.ndarray) -> Sections:
        """Return sections with these articles only, in this order and in one block."""
        rows = self.rows_of(slots)
        matrix = np.empty((len(rows), self.blocks[0].shape[1]), dtype=np.float32)
        self._pick(rows, matrix)
        flags = (self.is_answer[rows], self.is_exclusion[rows], self.is_refusal[rows])
        return self._laid_out((matrix,), Sketch.of(matrix), self.sizes[slots], *flags)

    def select(self, articles: np.ndarray) -> Selection:
        """Return the part of these articles (bool by slot)."""
        readable = articles[self.article_of]
        few = np.count_nonzero(readable) < GATHERED_SHARE * len(readable)
        return Selection(
            articles,
            readable & ~self.is_exclusion,
            np.flatnonzero(readable & self.is_refusal),
            np.flatnonzero(readable) if few else None,
        )

    def cosines(self, query: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the cosine of each row with the query, in [0, 1]; with ``rows``, zero for all others."""
        if rows is None:
            return np.concatenate([ranking.passage_scores(block, query) for block in self.blocks])
        found = np.zeros(len(self.article_of))
        found[rows] = self.cosines_of(rows, query)
        return found

    def cosines_of(self, rows: np.ndarray, query: np.ndarray) -> np.ndarray:
        """Return the cosines of these rows (m,) with the query."""
        picked = np.empty((len(rows), len(query)), dtype=np.float32)
        return ranking.passage_scores(self._pick(rows, picked), query)

    def ceilings(self, query: np.ndarray) -> np.ndarray:
        """Return what each row's cosine with the query is at most; needs the sketch."""
        if self.sketch is None:
            raise ValueError("There is no sketch of these sections.")
        rest = [ranking.passage_scores(block, query) for block in self.blocks[1:]]
        return np.concatenate([self.sketch.ceilings(query), *rest], dtype=np.float32, casting="same_kind")

    def nearest(self, cosines: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return per article the highest cosine of its rows that count (bool)."""
        return np.maximum.reduceat(cosines * counts, self.starts)

    def rows_of(self, slots: np.ndarray) -> np.ndarray:
        """Return the rows of these articles, one after the other."""
        sizes = self.sizes[slots]
        ends = np.cumsum(sizes)
        return np.repeat(self.starts[slots] - ends + sizes, sizes) + np.arange(ends[-1] if len(ends) else 0)

    def _pick(self, rows: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Copy these rows' vectors to ``out``."""
        start = 0
        for block in self.blocks:
            inside = (rows >= start) & (rows < start + len(block))
            out[inside] = block[rows[inside] - start]
            start += len(block)
        return out

    @classmethod
    def _laid_out(
        cls,
        blocks: tuple[np.ndarray, ...],
        sketch: Sketch | None,
        sizes: np.ndarray,
        answers: np.ndarray,
        exclusions: np.ndarray,
        refusals: np.ndarray,
    ) -> Sections:
        starts, article_of = np.cumsum(sizes) - sizes, np.repeat(np.arange(len(sizes)), sizes)
        return cls(blocks, sizes, starts, article_of, answers, exclusions, refusals, sketch)
