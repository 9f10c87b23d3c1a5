"""Choose the answer that fits what was asked, by the words they share.

A thread offers several answers to its scenario's openings; decides nothing about how the ticket ends.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from random import Random

WORD = re.compile(r"[a-z0-9]{3,}")
STEM = 5
COMMON = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "that",
        "this",
        "you",
        "your",
        "are",
        "our",
        "not",
        "but",
        "can",
        "how",
        "what",
        "from",
        "has",
        "have",
        "was",
        "were",
        "will",
        "when",
        "then",
        "than",
        "them",
        "they",
        "their",
        "there",
        "here",
        "into",
        "out",
        "its",
        "it's",
        "any",
        "all",
        "one",
        "two",
        "who",
        "why",
        "where",
        "which",
        "does",
        "did",
        "only",
        "just",
        "please",
        "pls",
        "larkstow",
        "settings",
        "choose",
        "under",
        "like",
        "would",
        "could",
        "should",
        "been",
        "more",
        "very",
        "still",
        "also",
        "we're",
    ]
)


def fitting(random: Random, asked: str, variants: tuple[str, ...]) -> str:
    """Return one of ``variants``, most likely one with rare words in common with ``asked``."""
    if len(variants) == 1:
        return variants[0]
    shared = _shared(variants)
    wanted = stems(asked)
    scores = [sum(1 / shared[stem] for stem in stems(variant) & wanted) for variant in variants]
    best = max(scores)
    if best == 0:
        return random.choice(variants)
    return random.choices(variants, [(score / best) ** 4 for score in scores])[0]


@lru_cache(maxsize=5_000)
def stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words that say something."""
    return frozenset(word[:STEM] for word in WORD.findall(text.lower()) if word not in COMMON)


@lru_cache(maxsize=2_000)
def _shared(variants: tuple[str, ...]) -> Counter[str]:
    """Return in how many of the variants each stem occurs."""
    return Counter(stem for variant in variants for stem in stems(variant))
