"""BM25 over a fixed list of documents, scored as if only the allowed ones existed.

Document frequencies and the average length are computed per query over the allowed rows, so a document that
a reader may not see changes none of the scores they get. Decides nothing about who is allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

K1 = 1.2  # saturation of repeated terms (Robertson & Zaragoza 2009)
B = 0.75  # strength of the length normalisation
MAX_QUERY_TERMS = 64
MAX_TOKEN_LENGTH = 64

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


def tokenize(text: str) -> list[str]:
    """Return index terms: lower case, no accents, light stems; compounds give themselves and their parts."""
    folded = unicodedata.normalize("NFKD", text.lower())
    folded = "".join(c for c in folded if not unicodedata.combining(c)).replace("’", "'")
    terms: list[str] = []
    for match in TOKEN.finditer(folded):
        token = match.group()[:MAX_TOKEN_LENGTH]
        if token in STOP_WORDS:
            continue
        if token.isalnum():
            terms.append(stem(token))
            continue
        token = token.removesuffix("'s").replace("'", "")
        parts = [part for part in PART.findall(token) if len(part) > 1 and part not in STOP_WORDS]
        keeps_marks = token[0] == "/" or token[-1] in "+#" or token[0].isdigit()
        whole = token if keeps_marks else "".join(PART.findall(token))
        terms.append(stem(whole))
        terms.extend(stem(part) for part in parts if part != whole)
    return terms


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


class BM25:
    """An immutable index of n documents; safe to share between threads."""

    def __init__(self, postings: sparse.csr_array, vocabulary: dict[str, int]) -> None:
        """Take term counts (n documents × terms); use ``build`` for texts."""
        self._counts = postings
        self._vocabulary = vocabulary
        self._columns = sparse.csc_array(postings)
        self._lengths = np.asarray(postings.sum(axis=1), dtype=np.int64).reshape(-1)

    @classmethod
    def build(cls, documents: Iterable[Sequence[str]]) -> BM25:
        """Index documents given as lists of terms (see ``tokenize``)."""
        vocabulary: dict[str, int] = {}
        return cls(_count(documents, vocabulary), vocabulary)

    def __len__(self) -> int:
        return len(self._lengths)

    def replace(self, start: int, stop: int, documents: Iterable[Sequence[str]]) -> BM25:
        """Return a new index in which ``documents`` stand in place of rows start…stop."""
        vocabulary = dict(self._vocabulary)
        added = _count(documents, vocabulary)
        width = len(vocabulary)
        blocks = [_widen(self._counts[:start], width), added, _widen(self._counts[stop:], width)]
        return BM25(sparse.csr_array(sparse.vstack(blocks, format="csr")), vocabulary)

    def scores(self, terms: Sequence[str], mask: np.ndarray) -> tuple[np.ndarray, float]:
        """Return scores (n,) float64, zero outside ``mask`` (n,) bool, and the highest attainable score.

        The second value is what a document would approach that repeats every query term without end,
        so scores / ceiling is the share of the query's information found, comparable between queries.
        """
        out = np.zeros(len(self), dtype=np.float64)
        n = int(mask.sum())
        if not n:
            return out, 0.0
        average = max(int(self._lengths[mask].sum()) / n, 1.0)
        norms = K1 * (1 - B + B * self._lengths / average)
        ceiling = 0.0
        for term, repeats in Counter(terms[: MAX_QUERY_TERMS * 4]).most_common(MAX_QUERY_TERMS):
            column = self._vocabulary.get(term)
            rows, counts = self._posting(column, mask)
            idf = _idf(len(rows), n)
            weight = idf * (K1 + 1) * min(repeats, 3)
            ceiling += weight
            if len(rows):
                out[rows] += weight * counts / (counts + norms[rows])
        return out, ceiling

    def shares(self, terms: Sequence[str], texts: Sequence[Sequence[str]], mask: np.ndarray) -> np.ndarray:
        """Return per text (n,) the share of the terms' weight that it holds, in [0, 1].

        A term weighs by its rarity among the documents of ``mask`` (bool).
        """
        n = int(mask.sum())
        weights = {
            term: _idf(len(self._posting(self._vocabulary.get(term), mask)[0]), n)
            for term in list(dict.fromkeys(terms))[:MAX_QUERY_TERMS]
        }
        total = sum(weights.values())
        if not total:
            return np.zeros(len(texts))
        return np.array([sum(weights.get(term, 0.0) for term in set(text)) / total for text in texts])

    def _posting(self, column: int | None, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if column is None:
            return np.empty(0, dtype=np.int64), np.empty(0)
        span = slice(self._columns.indptr[column], self._columns.indptr[column + 1])
        rows = self._columns.indices[span]
        allowed = mask[rows]
        return rows[allowed], self._columns.data[span][allowed]


def _idf(holders: int, documents: int) -> float:
    return float(np.log1p((documents - holders + 0.5) / (holders + 0.5)))


def _count(documents: Iterable[Sequence[str]], vocabulary: dict[str, int]) -> sparse.csr_array:
    """Count terms per document, giving unknown terms the next free column of ``vocabulary``."""
    indptr, indices, data = [0], [], []
    for terms in documents:
        for term, count in Counter(terms).items():
            indices.append(vocabulary.setdefault(term, len(vocabulary)))
            data.append(count)
        indptr.append(len(indices))
    shape = (len(indptr) - 1, len(vocabulary))
    return sparse.csr_array(
        (np.array(data, dtype=np.int32), np.array(indices, dtype=np.int32), np.array(indptr, dtype=np.int32)),
        shape=shape,
    )


def _widen(counts: sparse.csr_array, width: int) -> sparse.csr_array:
    return sparse.csr_array((counts.data, counts.indices, counts.indptr), shape=(counts.shape[0], width))
