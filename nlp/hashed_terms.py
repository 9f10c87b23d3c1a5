"""Words, pairs of words and pieces of words as numbers: a bag of terms without a vocabulary to ship.

A term is hashed (CRC-32) into one of BUCKETS; the rare collision costs less than a list of 150,000 strings.
Pieces are 2 to 5 letters of a word with its ends marked, so that misspellings and inflections are near.
Decides nothing about weights.
"""

from __future__ import annotations

import re
from collections import Counter
from zlib import crc32

import numpy as np

BUCKETS = 1 << 17
PIECES = range(2, 6)
MAX_CHARACTERS = 4_000
MAX_WORD_BYTES = 40
TOKEN = re.compile(r"\w+|[^\w\s]")


def term_buckets(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the buckets of the terms of ``text``, int64, and how often each occurs, float32."""
    counts: Counter[int] = Counter()
    before = b""
    for token in TOKEN.findall(text[:MAX_CHARACTERS].lower()):
        word = token.encode("utf-8", "ignore")[:MAX_WORD_BYTES]
        counts[crc32(word) % BUCKETS] += 1
        counts[crc32(before + b" " + word) % BUCKETS] += 1
        marked = b"<" + word + b">"
        for size in PIECES:
            for start in range(len(marked) - size + 1):
                counts[crc32(marked[start : start + size], size) % BUCKETS] += 1
        before = word
    if not counts:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    return np.fromiter(counts.keys(), np.int64), np.fromiter(counts.values(), np.float32)


def weighted(counts: np.ndarray, rarity: np.ndarray) -> np.ndarray:
    """Return the terms' values: (1 + log count) · rarity, as a vector of unit length."""
    values = (1 + np.log(counts)) * rarity
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-9), dtype=np.float32)
