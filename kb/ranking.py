"""Pure hybrid ranking over arrays: how well each article answers, each component in [0, 1].

A score is 0.4·passage + 0.3·title + 0.3·words, where
  passage  cosine between the query and the article's nearest section (or its title), below zero cut to zero;
  title    late interaction (MaxSim, Khattab & Zaharia 2020) of the query's and the title's token vectors,
           averaged over both directions so that neither a long query nor a long title wins by length;
  words    share of the query's BM25 weight that the article's words cover.
None of the three depends on the other articles that a reader may not see, and none is relative to the best
hit: 1 means the same words with the same sense, 0.3 and less is noise. The weights were chosen by 5-fold
cross-validation over the queries of a public help centre (flat optimum; rounded).

Decides nothing about audiences, thresholds for answering, or where the arrays come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from nlp.bm25 import tokenize

Method = Literal["hybrid", "dense", "bm25"]
METHODS: tuple[str, ...] = get_args(Method)

PASSAGE_WEIGHT, TITLE_WEIGHT, WORDS_WEIGHT = 0.4, 0.3, 0.3
TITLE_CANDIDATES = 50  # articles whose titles are compared token by token
MAX_TITLE_TOKENS = 32
CORRECTED_SHARE = 0.8  # what a near known word counts in place of one that is not known
SYNONYM_SHARE = 0.7  # what a word that means the same counts in place of the one asked for
PAGE_BOOST, VAGUE_BOOST = 0.3, 0.6
# Chosen with PAGE_BOOST by 5-fold cross-validation over the demo help centre's questions, the intents
# being predicted by its classifier (flat from 0.15 to 0.3).
HINT_WEIGHT = 0.25
# None of 230 questions that the demo help centre answers or that are foreign to it meets all three; of 28
# that it excludes, 21 do.
EXCLUSION_COSINE, EXCLUSION_SCORE, EXCLUSION_MARGIN = 0.5, 0.45, 0.05
LATTICE = 2048.0

# Words of action, trouble and place that name no subject.
GENERAL_TERMS = frozenset(
    tokenize(
        """
        again already also anyone anything ask assist bad broken button can't cannot change choose click
        confused confusing correct different do doesn't don't edit else error everything explain
        explanation fail failed fields find fix form get give go good guide happen happened hello help
        here hey hi hint info information issue keep know learn let line look make matter mean menu
        message missing mistake more need new next not nothing now number off ok old one open option
        options page part please possible problem question questions remove right save say screen
        section see seem select set setting settings setup show site start step still stop stuck support
        switch tab tell thank thanks thing things trouble try trying turn understand unsure update use
        using value view want way weird won't work working works wrong
        """
    )
)


def to_lattice(vectors: np.ndarray) -> np.ndarray:
    """Round unit vectors to multiples of 1/2048, as float32 (exact in float16 too).

    Products are then multiples of 2⁻²², and every partial sum of a dot product of unit vectors fits the 24
    bits of a float32, so a cosine is exact: the same whatever the size of the matrix, the order of summation
    or the processor. That is what lets documents outside an audience change no score at all. The error
    against the unrounded cosine is about 1e-4.
    """
    return (np.rint(np.asarray(vectors, dtype=np.float32) * LATTICE) / LATTICE).astype(np.float32)


def passage_scores(matrix: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Return cosines (n,) float64 in [0, 1] of the rows (n, d) with the query (d,), both on the lattice.

    ``vecdot`` rather than ``@``: as fast at this size, and no pool of BLAS threads that wait for busy cores.
    """
    return np.clip(np.vecdot(matrix, query).astype(np.float64), 0.0, 1.0)


def title_scores(query: np.ndarray, titles: Sequence[np.ndarray]) -> np.ndarray:
    """Return the symmetric MaxSim (len(titles),) of query tokens (q, d) with each title's tokens (t, d)."""
    if not titles or not len(query):
        return np.zeros(len(titles))
    lengths = np.array([len(title) for title in titles])
    starts = np.cumsum(lengths) - lengths
    tokens = np.concatenate(titles).astype(np.float32)
    similarity = np.vecdot(query[:, None], tokens[None]).astype(np.float64)
    from_query = np.maximum.reduceat(similarity, starts, axis=1).sum(axis=0) / len(query)
    from_title = np.add.reduceat(similarity.max(axis=0), starts) / lengths
    return np.clip((from_query + from_title) / 2, 0.0, 1.0)


def word_scores(bm25: np.ndarray, ceiling: float) -> np.ndarray:
    """Return the covered share (n,) of the query's attainable BM25 weight."""
    return np.clip(bm25 / ceiling, 0.0, 1.0) if ceiling > 0 else np.zeros_like(bm25)


def blend(passage: np.ndarray, title: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return the hybrid score, in [0, 1]."""
    return PASSAGE_WEIGHT * passage + TITLE_WEIGHT * title + WORDS_WEIGHT * words


def page_boost(scores: np.ndarray, boosted: np.ndarray, *, vague: bool) -> np.ndarray:
    """Lift the articles of the reader's page, never above 1.

    A vague query ("how do I change this?") says what to do but not with what: the page says it, so the boost
    decides. With any other query it grows with the score, so that it only decides between articles that lie
    close together: what does not answer is not made an answer by the page.
    """
    lift = VAGUE_BOOST * (1 - scores) if vague else PAGE_BOOST * scores * (1 - scores)
    return np.where(boosted, scores + lift, scores)


def lean(scores: np.ndarray, hint: np.ndarray) -> np.ndarray:
    """Lift what was found by at most HINT_WEIGHT of what it lacks to 1, by its cosine with the hint."""
    return np.where(scores > 0, scores + HINT_WEIGHT * hint * (1 - scores), scores)


def is_vague(terms: Sequence[str]) -> bool:
    """Tell whether a query's terms (see ``nlp.bm25.tokenize``) name no subject of their own."""
    return GENERAL_TERMS.issuperset(terms)


def top(scores: np.ndarray, eligible: np.ndarray, limit: int, order: np.ndarray | None = None) -> np.ndarray:
    """Return at most ``limit`` eligible row numbers with a score above zero, best first.

    Ties come by ``order`` (one number a row), without it by row.
    """
    rows = np.flatnonzero(eligible & (scores > 0))
    if rows.size > limit:
        rows = rows[scores[rows] >= np.partition(scores[rows], -limit)[-limit]]
    return rows[np.lexsort((rows if order is None else order[rows], -scores[rows]))][:limit]


def first_scores(passage: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return the blend with the passage in place of the title: for what has no title, or not yet."""
    return blend(passage, passage, words)


def find_exclusion(
    similarity: np.ndarray, words: np.ndarray, eligible: np.ndarray, best_answer: float
) -> int | None:
    """Return the row of the exclusion which the query meets clearly better than any answer, or None.

    ``similarity`` (n,) are cosines with the query, ``words`` (n,) the shares of the query's rare words, and
    ``eligible`` (n,) bool marks the exclusions a reader may see. ``best_answer`` is the highest of the
    ``first_scores`` of the articles they may see, so both sides are measured alike.
    """
    scores = first_scores(similarity, words)
    rows = top(scores, eligible & (similarity >= EXCLUSION_COSINE), 1)
    if rows.size and scores[rows[0]] >= max(EXCLUSION_SCORE, best_answer + EXCLUSION_MARGIN):
        return int(rows[0])
    return None
