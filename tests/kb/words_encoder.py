"""A stand-in for the sentence encoder port: one fixed random direction per word, no model file."""

import hashlib
from collections.abc import Sequence

import numpy as np

from nlp.encoder import Encoding


class WordsEncoder:
    """Encode a text as the mean of its words' directions; equal texts get equal vectors."""

    dimension = 32

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([encoding.sentence for encoding in self.encode_tokens(texts)])

    def encode_tokens(self, texts: Sequence[str]) -> list[Encoding]:
        self.encoded += texts
        out = []
        for text in texts:
            words = ["[start]", *text.lower().replace(".", " ").split()[:250], "[end]"]
            tokens = np.stack([_direction(word) for word in words])
            mean = tokens.mean(axis=0)
            out.append(Encoding(tokens, (mean / np.linalg.norm(mean)).astype(np.float32)))
        return out


def _direction(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "big")
    vector = np.random.default_rng(seed).normal(size=WordsEncoder.dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)
