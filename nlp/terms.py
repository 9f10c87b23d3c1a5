"""Name groups of texts by the words that set them apart: class-based TF-IDF over words and word pairs.

A word counts by its frequency in the group and by how few groups share it (c-TF-IDF, Grootendorst 2022).
Proposes names; people give them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

MASK = re.compile(r"\[(?:email|phone|card|iban|token|password)\]")
WORD = r"(?u)\b[^\W\d_][\w'-]*\b"
SHORTEST_WORD = 3
NEARLY = 0.6  # of a word's weight: then the phrase with it says more
MORE_STOP_WORDS = frozenset(
    [
        "hi",
        "hello",
        "hey",
        "dear",
        "thanks",
        "thank",
        "please",
        "help",
        "need",
        "want",
        "know",
        "like",
        "able",
        "anymore",
        "trying",
        "tried",
        "try",
        "does",
        "did",
        "don't",
        "can't",
        "isn't",
        "won't",
        "i'm",
        "i've",
        "i'd",
        "it's",
        "that's",
        "there's",
        "we're",
        "you're",
        "could",
        "would",
        "should",
        "since",
        "today",
        "yesterday",
        "team",
        "support",
        "regards",
        "best",
        "cheers",
        "just",
        "really",
        "getting",
        "got",
        "get",
        "use",
        "using",
        "used",
        "way",
        "thing",
        "things",
        "good",
        "morning",
        "afternoon",
        "time",
        "day",
        "days",
        "week",
        "weeks",
        "still",
        "now",
        "new",
        "make",
        "let",
        "see",
        "say",
        "says",
        "said",
        "told",
    ]
)
STOP_WORDS = ENGLISH_STOP_WORDS | MORE_STOP_WORDS
MAX_TERMS = 6
NAME_LENGTH = 80


def cluster_terms(texts: Sequence[str], labels: np.ndarray, *, count: int = MAX_TERMS) -> list[list[str]]:
    """Return for each label 0…k-1 the terms that set its texts apart, the strongest first."""
    k = int(labels.max()) + 1 if len(labels) else 0
    if not k:
        return []
    counter = CountVectorizer(
        preprocessor=lambda text: MASK.sub(" ", text).lower(),
        token_pattern=WORD,
        ngram_range=(1, 3),
        min_df=2 if len(texts) > 20 else 1,
        max_features=100_000,
    )
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no word is left
        return [[] for _ in range(k)]
    names = counter.get_feature_names_out()
    telling = [place for place, name in enumerate(names) if _is_telling(name)]
    counts, names = counts[:, telling], names[telling]
    counts.data = np.ones_like(counts.data)  # in how many texts, not how often
    member = csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(k, len(labels)))
    per_group = (member @ counts).toarray().astype(np.float64)
    weights = _weights(per_group, np.asarray(member.sum(axis=1)).ravel())
    return [_distinct(names, row, count) for row in weights]


def name_of(terms: Sequence[str], *, taken: Sequence[str] = ()) -> str:
    """Return a name made of the first terms, at most 80 characters, and not among those ``taken``."""
    chosen: list[str] = []
    for term in terms[:3]:
        if len(" · ".join([*chosen, term])) <= NAME_LENGTH - 5:
            chosen.append(term)
    base = " · ".join(chosen)
    if not base:
        base = terms[0][: NAME_LENGTH - 5].rsplit(" ", 1)[0] if terms else "Unnamed"
    base = base[0].upper() + base[1:]
    used = {name.lower() for name in taken}
    name, number = base, 2
    while name.lower() in used:
        name, number = f"{base} {number}", number + 1
    return name


def representatives(
    vectors: np.ndarray, labels: np.ndarray, centroids: np.ndarray, *, count: int
) -> list[np.ndarray]:
    """Return for each label the rows nearest to its centroid, the nearest first."""
    found = []
    for label, centroid in enumerate(centroids):
        rows = np.flatnonzero(labels == label)
        order = np.argsort(-(vectors[rows] @ centroid), kind="stable")
        found.append(rows[order[:count]])
    return found


def _is_telling(term: str) -> bool:
    """Whether a term begins and ends with words that say something."""
    words = term.split()
    ends = (words[0], words[-1])
    return all(len(word) >= SHORTEST_WORD and word not in STOP_WORDS for word in ends)


def _weights(per_group: np.ndarray, texts_per_group: np.ndarray) -> np.ndarray:
    """Return c-TF-IDF: the share of a group's texts with the term, times how few groups share it."""
    frequency = per_group / np.maximum(texts_per_group[:, None], 1)
    shared = frequency.sum(axis=0)
    rarity = np.log1p(len(per_group) * frequency / np.maximum(shared, 1e-9))
    weights: np.ndarray = frequency * rarity
    return weights


def _distinct(names: np.ndarray, weights: np.ndarray, count: int) -> list[str]:
    """Return the strongest terms; a phrase takes the place of its word where it is nearly as strong."""
    order = [place for place in np.argsort(-weights, kind="stable")[: 6 * count] if weights[place] > 0]
    chosen: list[int] = []
    for place in order:
        words = set(str(names[place]).split())
        shared = [other for other in chosen if words & set(str(names[other]).split())]
        if not shared and len(chosen) < count:
            chosen.append(place)
        elif (
            shared
            and all(set(str(names[other]).split()) < words for other in shared)
            and weights[place] >= NEARLY * weights[shared[0]]
        ):
            chosen[chosen.index(shared[0])] = place
            chosen = [other for other in chosen if other not in shared[1:]]
    return [str(names[place]) for place in chosen]
