"""The two comparisons of articles: plain values in, pairs out. Pure.

Contradictions: statements of two articles that cannot both hold, where one reader can see both.
Near-duplicates: articles most of whose words are the same, in the same order. Each takes the articles that
have ``changed``: a publication costs one article against all and not all against all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from kb.claims.comparison import LIKENESS, Encode, difference
from kb.claims.extraction import Claim
from kb.findings.published import PublishedText, share_readers

CONTRADICTION = "contradiction"
NEAR_DUPLICATE = "near_duplicate"

SAME_TEXT = 0.8  # of the words, in the same order: a copy with 10 % edits is at about 0.9
CANDIDATE_COSINE = 0.7  # of the two counts of words; texts less alike are not compared word by word
SAME_TOPIC_COSINE = 0.42  # of two sentences with their articles' titles: "the link" is another one elsewhere
BLOCK, COLUMNS = 500, 4_000  # claims or articles compared at once


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim with the article that makes it."""

    article: PublishedText
    claim: Claim


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles that cannot both stay as they are.

    ``sentences`` are the two that conflict, ``differs_in`` what in; for near-duplicates ``share`` of the
    words is the same. ``key`` is another one as soon as the words that were judged are.
    """

    kind: str
    articles: tuple[int, int]
    key: str
    text: str
    sentences: tuple[str, str] = ("", "")
    differs_in: str = ""
    share: float = 0.0


def contradictions(
    statements: Sequence[Statement],
    vectors: np.ndarray,
    encode: Encode,
    changed: Collection[int] | None = None,
) -> list[Pair]:
    """Return the conflicts between ``statements``, whose subjects' ``vectors`` (n, d) are of unit length.

    At most one per two sentences and two articles; with ``changed``, only those of these articles.
    """
    found: dict[tuple[str, tuple[int, int]], Pair] = {}
    for row, column, differs_in in _differences(statements, vectors, changed):
        one, other = sorted((statements[row], statements[column]), key=lambda s: s.article.id)
        sentences = (one.claim.sentence, other.claim.sentence)
        articles = (one.article.id, other.article.id)
        key = _key(CONTRADICTION, *sorted(sentences))
        if (key, articles) in found or not _is_one_topic(one, other, encode):
            continue
        differs_in = differs_in.replace("money", "prices in")
        text = f"“{one.article.title}” and “{other.article.title}” differ in {differs_in}"
        found[key, articles] = Pair(CONTRADICTION, articles, key, text, sentences, differs_in)
    return list(found.values())


def near_duplicates(articles: Sequence[PublishedText], changed: Collection[int] | None = None) -> list[Pair]:
    """Return the pairs of articles most of whose text is the same; with ``changed``, only those of these."""
    found = []
    for first, second in _alike(articles, changed):
        share = _share(first.markdown.split(), second.markdown.split())
        if share >= SAME_TEXT:
            key = _key(NEAR_DUPLICATE, *sorted(_fingerprint(text) for text in (first, second)))
            text = f"“{first.title}” and “{second.title}” are {100 * share:.0f} % the same text"
            found.append(Pair(NEAR_DUPLICATE, (first.id, second.id), key, text, share=share))
    return found


def _differences(
    statements: Sequence[Statement], vectors: np.ndarray, changed: Collection[int] | None
) -> Iterator[tuple[int, int, str]]:
    """Yield the rows of two conflicting claims, and what they differ in; block by block, each pair once."""
    article_of = np.array([statement.article.id for statement in statements], dtype=np.int64)
    rows = _rows(article_of, changed)
    is_left = np.zeros(len(statements), dtype=bool)
    is_left[rows] = True
    for row, column, cosine in _near(vectors, rows):
        if article_of[row] == article_of[column] or (is_left[column] and column < row):
            continue
        one, other = statements[row], statements[column]
        if not share_readers(one.article, other.article):
            continue
        differs_in = difference(one.claim, other.claim, cosine)
        if differs_in:
            yield row, column, differs_in


def _near(vectors: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Yield the pairs (one of ``rows``, any row) that are alike enough, with their cosine; tile by tile."""
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        left = vectors[block].astype(np.float32)
        for first in range(0, len(vectors), COLUMNS):
            likeness = left @ vectors[first : first + COLUMNS].astype(np.float32).T
            for at, column in zip(*np.nonzero(likeness >= LIKENESS), strict=True):
                yield int(block[at]), int(first + column), float(likeness[at, column])


def _is_one_topic(one: Statement, other: Statement, encode: Encode) -> bool:
    about = encode([f"{side.article.title} {side.claim.sentence}" for side in (one, other)])
    return float(about[0] @ about[1]) >= SAME_TOPIC_COSINE


def _alike(
    articles: Sequence[PublishedText], changed: Collection[int] | None
) -> Iterator[tuple[PublishedText, PublishedText]]:
    """Yield the pairs whose words are alike when their order does not count, by id."""
    words = [text.markdown for text in articles]
    if not any(text.split() for text in words):
        return
    counts = normalize(CountVectorizer(analyzer=str.split).fit_transform(words).astype(np.float32))
    rows = _rows(np.array([text.id for text in articles], dtype=np.int64), changed)
    is_left = set(rows.tolist())
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        near = (counts[block] @ counts.T).tocoo()
        for at, column, cosine in zip(near.row, near.col, near.data, strict=True):
            row = int(block[at])
            if cosine < CANDIDATE_COSINE or row == column or (int(column) in is_left and column < row):
                continue
            first, second = sorted((articles[row], articles[int(column)]), key=lambda text: text.id)
            yield first, second


def _share(one: list[str], other: list[str]) -> float:
    """Return the share of words that two texts have in the same order; 0 where it surely is too low."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < SAME_TEXT or matcher.quick_ratio() < SAME_TEXT:
        return 0.0
    return matcher.ratio()


def _rows(article_of: np.ndarray, changed: Collection[int] | None) -> np.ndarray:
    if changed is None:
        return np.arange(len(article_of))
    return np.flatnonzero(np.isin(article_of, np.array(sorted(changed), dtype=np.int64)))


def _fingerprint(text: PublishedText) -> str:
    return f"{text.id} {hashlib.sha256(text.markdown.encode()).hexdigest()}"


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
