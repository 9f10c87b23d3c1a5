"""BM25 over a fixed list of documents, scored as if only the allowed ones existed.

Document frequencies and the average length are computed per query over the allowed rows, so a document that
a reader may not see changes none of the scores they get. Documents are held in segments that never change:
what is added comes in a small one behind the large one. Decides nothing about who is allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy import sparse

from nlp.spelling import Spellings, reach

K1 = 1.2  # saturation of repeated terms (Robertson & Zaragoza 2009)
B = 0.75  # strength of the length normalisation
MAX_QUERY_TERMS = 64
MAX_TOKEN_LENGTH = 64
MAX_CORRECTED, MAX_CORRECTIONS = 8, 3  # words of a query, and what each may stand for

TOKEN = re.compile(
    r"(?<![\w/:.])/[a-z0-9_~%-]+(?:/[a-z0-9_~%-]+)*"  # paths such as /settings/billing
    r"|[^\W_]+(?:[-_.'+&@][^\W_]+)*(?:\+\+|#)?",  # words, wi-fi, 2fa, err_conn, 0x80070005, 1.8.9, c++
    re.IGNORECASE,
)
PART = re.compile(r"[^\W_]+")
STOP_WORDS = frozenset(
    """
    a about am an and any are as at be been being but by can could did do does doing done for from had
    has have having he her hers him his how i i'd i'll i'm i've if in into is it it's its just like me
    my no of on or our ours please she should so some than that the their theirs them then there these
    they this those to us very was we were what when where which who why will with would you your yours
    """.split()  # noqa: SIM905 (a word list reads better)
)


class Wanted(NamedTuple):
    """A part of a query: terms, and what may stand in their place, each with the share that it counts.

    Instead of them a document may hold all terms of one of ``instead``; it never counts for more than they.
    """

    terms: tuple[str, ...]
    instead: tuple[tuple[tuple[str, ...], float], ...] = ()


def tokenize(text: str) -> list[str]:
    """Return index terms: lower case, no accents, light stems; compounds give themselves and their parts."""
    return [term for token in TOKEN.findall(_folded(text)) for term in _terms(token)]


def words(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return each word of a text, folded, with its index terms; stop words have none."""
    return [(token, _terms(token)) for token in TOKEN.findall(_folded(text))]


def _folded(text: str) -> str:
    folded = text.lower()
    if folded.isascii():
        return folded
    folded = unicodedata.normalize("NFKD", folded)
    return "".join(c for c in folded if not unicodedata.combining(c)).replace("’", "'")


@lru_cache(maxsize=65_536)
def _terms(token: str) -> tuple[str, ...]:
    """Return the index terms of one folded word."""
    token = token[:MAX_TOKEN_LENGTH]
    if token in STOP_WORDS:
        return ()
    if token.isalnum():
        return (stem(token),)
    token = token.removesuffix("'s").replace("'", "")
    parts = [part for part in PART.findall(token) if len(part) > 1 and part not in STOP_WORDS]
    keeps_marks = token[0] == "/" or token[-1] in "+#" or token[0].isdigit()
    whole = token if keeps_marks else "".join(PART.findall(token))
    return (stem(whole), *(stem(part) for part in parts if part != whole))


def stem(word: str) -> str:
    """Strip English plural and verb endings from plain words; leave codes, paths and short words alone."""
    if len(word) < 4 or not word.isalpha() or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and word[-2] not in "su":
        word = word[:-1]
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) > 2 and any(c in "aeiouy" for c in base):
            word = base[:-1] if base[-1] == base[-2] and base[-1] not in "lsz" else base
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


@dataclass(frozen=True)
class _Segment:
    """Some documents in a row, by term: ``counts`` is (documents × terms), column by column."""

    start: int
    counts: sparse.csc_array
    vocabulary: dict[str, int]

    @cached_property
    def spellings(self) -> Spellings:
        """Return the terms, to be searched for near ones."""
        return Spellings(self.vocabulary)

    def posting(self, term: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the documents that hold a term, and how often."""
        column = self.vocabulary.get(term)
        if column is None:
            return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
        span = slice(self.counts.indptr[column], self.counts.indptr[column + 1])
        return self.counts.indices[span] + np.int32(self.start), self.counts.data[span]


class BM25:
    """An immutable index of n documents; safe to share between threads."""

    def __init__(self, segments: Sequence[_Segment], lengths: np.ndarray) -> None:
        """Take segments with their documents' lengths (n,); use ``build`` for texts."""
        self._segments = tuple(segments)
        self._lengths = lengths

    @classmethod
    def build(cls, documents: Iterable[Sequence[str]]) -> BM25:
        """Index documents given as lists of terms (see ``tokenize``)."""
        vocabulary: dict[str, int] = {}
        counts = _count(documents, vocabulary)
        return cls([_Segment(0, sparse.csc_array(counts), vocabulary)], _lengths(counts))

    def __len__(self) -> int:
        return len(self._lengths)

    def extended(self, documents: Iterable[Sequence[str]]) -> BM25:
        """Return a new index with ``documents`` behind the present ones; the first segment is shared."""
        base, *rest = self._segments
        start = base.counts.shape[0]
        vocabulary = dict(rest[0].vocabulary) if rest else {}
        added = _count(documents, vocabulary)
        lengths = np.concatenate([self._lengths, _lengths(added)])
        blocks = [_widen(sparse.csr_array(rest[0].counts), len(vocabulary)), added] if rest else [added]
        counts = sparse.csc_array(sparse.vstack(blocks, format="csc"))
        return BM25([base, _Segment(start, counts, vocabulary)], lengths)

    def taken(self, rows: np.ndarray) -> BM25:
        """Return a new index of these documents in this order, in one segment."""
        names = list(dict.fromkeys(chain.from_iterable(part.vocabulary for part in self._segments)))
        column_of = {term: column for column, term in enumerate(names)}
        blocks = []
        for part in self._segments:
            counts = sparse.coo_array(part.counts)
            columns = np.fromiter(map(column_of.__getitem__, part.vocabulary), np.int32, len(part.vocabulary))
            where = (counts.row, columns[counts.col])
            blocks.append(sparse.csr_array((counts.data, where), shape=(counts.shape[0], len(names))))
        counts = sparse.csc_array(sparse.vstack(blocks, format="csr")[rows])
        used = np.flatnonzero(np.diff(counts.indptr))
        vocabulary = {names[column]: place for place, column in enumerate(used)}
        return BM25([_Segment(0, sparse.csc_array(counts[:, used]), vocabulary)], self._lengths[rows])

    def scores(self, query: Sequence[str | Wanted], mask: np.ndarray) -> tuple[np.ndarray, float]:
        """Return scores (n,) float64, zero outside ``mask`` (n,) bool, and the highest attainable score.

        The second value is what a document would approach that repeats every query term without end,
        so scores / ceiling is the share of the query's information found, comparable between queries.
        """
        out = np.zeros(len(self), dtype=np.float64)
        n = int(np.count_nonzero(mask))
        if not n:
            return out, 0.0
        average = max(int(self._lengths[mask].sum()) / n, 1.0)
        norms = K1 * (1 - B + B * self._lengths / average)
        ceiling = 0.0
        parts = [Wanted((part,)) if isinstance(part, str) else part for part in query[: MAX_QUERY_TERMS * 4]]
        for part, repeats in Counter(parts).most_common(MAX_QUERY_TERMS):
            attainable = 0.0
            found = np.zeros(len(self)) if part.instead else out
            for term in part.terms:
                rows, counts = self._posting(term, mask)
                weight = _idf(len(rows), n) * (K1 + 1) * min(repeats, 3)
                attainable += weight
                found[rows] += weight * counts / (counts + norms[rows])
            if part.instead:
                known = bool(found.any())
                most = 0.0
                for terms, share in part.instead:
                    rows, saturation, idf = self._together(terms, mask, norms, n)
                    weight = min(idf * (K1 + 1) * min(repeats, 3), attainable)
                    most = max(most, weight)
                    found[rows] = np.maximum(found[rows], share * weight * saturation)
                attainable = attainable if known else most or attainable
                out += found
            ceiling += attainable
        return out, ceiling

    def corrected(self, query: Sequence[Wanted], mask: np.ndarray, share: float) -> list[Wanted]:
        """Return ``query`` with near known terms in place of terms that no document of ``mask`` holds.

        What is known is left alone, and so is what is short, holds digits or has other terms in its place.
        """
        seen: dict[Wanted, Wanted] = {}
        for part in query:
            if part in seen or part.instead or len(part.terms) != 1 or not reach(part.terms[0]):
                continue
            if len(seen) < MAX_CORRECTED and not len(self._posting(part.terms[0], mask)[0]):
                near = self._near(part.terms[0], mask)
                seen[part] = part._replace(instead=tuple(((term,), share) for term in near))
        return [seen.get(part, part) for part in query]

    def shares(self, terms: Sequence[str], texts: Sequence[Sequence[str]], mask: np.ndarray) -> np.ndarray:
        """Return per text (n,) the share of the terms' weight that it holds, in [0, 1].

        A term weighs by its rarity among the documents of ``mask`` (bool).
        """
        n = int(np.count_nonzero(mask))
        weights = {
            term: _idf(len(self._posting(term, mask)[0]), n)
            for term in list(dict.fromkeys(terms))[:MAX_QUERY_TERMS]
        }
        total = sum(weights.values())
        if not total:
            return np.zeros(len(texts))
        return np.array([sum(weights.get(term, 0.0) for term in set(text)) / total for text in texts])

    def _near(self, term: str, mask: np.ndarray) -> list[str]:
        """Return the nearest terms that documents of ``mask`` hold, the most frequent of them first."""
        near = {found for part in self._segments for found in part.spellings.near(term, reach(term))}
        held = [(away, -len(self._posting(word, mask)[0]), word) for away, word in near]
        known = sorted(entry for entry in held if entry[1])
        return [word for away, _, word in known if away == known[0][0]][:MAX_CORRECTIONS]

    def _together(
        self, terms: Sequence[str], mask: np.ndarray, norms: np.ndarray, n: int
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the documents that hold all of the terms, how far they are saturated, the terms' weight."""
        rows = np.flatnonzero(mask)
        idf = 0.0
        saturation = np.zeros(len(mask))
        for term in terms:
            held, counts = self._posting(term, mask)
            idf += _idf(len(held), n)
            saturation[held] += counts / (counts + norms[held])
            rows = held if len(terms) == 1 else np.intersect1d(rows, held, assume_unique=True)
        return rows, saturation[rows] / len(terms), idf

    def _posting(self, term: str, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = [part.posting(term) for part in self._segments]
        rows, counts = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
        allowed = mask[rows]
        return rows[allowed], counts[allowed]


def _idf(holders: int, documents: int) -> float:
    return float(np.log1p((documents - holders + 0.5) / (holders + 0.5)))


def _lengths(counts: sparse.csr_array) -> np.ndarray:
    return np.asarray(counts.sum(axis=1), dtype=np.int64).reshape(-1)


class _Columns(dict[str, int]):
    """A vocabulary that gives an unknown term the next free column."""

    def __missing__(self, term: str) -> int:
        self[term] = column = len(self)
        return column


def _count(documents: Iterable[Sequence[str]], vocabulary: dict[str, int]) -> sparse.csr_array:
    """Count terms per document, adding unknown ones to ``vocabulary``."""
    columns = _Columns(vocabulary)
    rows = [np.fromiter(map(columns.__getitem__, terms), np.int32, len(terms)) for terms in documents]
    vocabulary.update(columns)
    indices = np.concatenate([*rows, np.empty(0, dtype=np.int32)])
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    counts = sparse.csr_array(
        (np.ones(len(indices), dtype=np.int32), indices, indptr), shape=(len(rows), len(vocabulary))
    )
    counts.sum_duplicates()
    return counts


def _widen(counts: sparse.csr_array, width: int) -> sparse.csr_array:
    return sparse.csr_array((counts.data, counts.indices, counts.indptr), shape=(counts.shape[0], width))
