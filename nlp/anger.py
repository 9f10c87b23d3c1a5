"""A trained detector of anger and distress: a score in [0, 1], and what each token adds to it.

Three parts are added up, each a number of log-odds: attention over the frozen encoder's token vectors, a
linear model over hashed terms (nlp.hashed_terms), and a few small signs (nlp.anger_signs). The file,
data/anger.npz, is plain arrays, checked by sha256 and built by scripts/build_anger_detector.py; how, on what
and how well: docs/adr/0011. With another encoder than the one it was built with, the score comes from terms
and signs alone. Decides no threshold.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from nlp.anger_signs import SIGNS, signs
from nlp.hashed_terms import term_buckets, weighted

DETECTOR_FILE = Path(__file__).parent / "data" / "anger.npz"
DIGEST_FILE = Path(__file__).parent / "data" / "anger.npz.sha256"
VECTOR_SCALE = np.float32(19.6)  # √384: brings the coordinates of unit vectors to about 1


class DetectorError(RuntimeError):
    """The detector's file is missing, altered or of another form."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Heads that each look for tokens of a kind: which tokens (``queries``), what they say (``values``).

    Shapes: queries (d, heads), values (d, heads · width), bias (heads · width,), weights (heads · width,).
    """

    queries: np.ndarray
    values: np.ndarray
    bias: np.ndarray
    weights: np.ndarray
    intercept: float

    def read(self, tokens: np.ndarray) -> TokensRead:
        """Return what the heads make of each of the ``tokens`` (T, d) by itself."""
        scaled = tokens.astype(np.float32) * VECTOR_SCALE
        says = np.maximum(scaled @ self.values + self.bias, 0.0) * self.weights
        return TokensRead(
            scaled @ self.queries, says.reshape(len(tokens), self.queries.shape[1], -1).sum(axis=2)
        )


@dataclass(frozen=True, slots=True)
class TokensRead:
    """How much each head looks at each token (T, heads), before it is shared out, and what it says of it."""

    looks: np.ndarray
    says: np.ndarray

    def contributions(self, inside: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return what each token of a stretch adds to the stretch's log-odds; they add up to all of it."""
        looks, says = self.looks[inside], self.says[inside]
        shares = np.exp(looks - looks.max(axis=0, keepdims=True))
        return np.asarray((shares / shares.sum(axis=0, keepdims=True) * says).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Terms:
    """The linear model over hashed terms: ``weights`` and ``rarity``, (BUCKETS,)."""

    weights: np.ndarray
    rarity: np.ndarray
    intercept: float

    def log_odds(self, text: str) -> float:
        """Return the log-odds of a text by its terms."""
        buckets, counts = term_buckets(text)
        if not len(buckets):
            return self.intercept
        return float(weighted(counts, self.rarity[buckets]) @ self.weights[buckets]) + self.intercept


@dataclass(frozen=True, slots=True)
class AngerDetector:
    """The whole detector; safe to share between threads.

    ``mix`` weighs attention, terms, the signs in their order, and 1; ``mix_of_text`` does without attention.
    ``fingerprint`` names the encoder that the attention belongs to, ``version`` the detector itself.
    """

    attention: Attention
    terms: Terms
    mix: np.ndarray
    mix_of_text: np.ndarray
    fingerprint: str
    version: str = ""

    def read(self, tokens: np.ndarray) -> TokensRead:
        """Return what the attention makes of a text's token vectors: once, for all of its stretches."""
        return self.attention.read(tokens)

    def score(self, text: str, by_tokens: np.ndarray | None, *, less: float = 0.0) -> float:
        """Return the score of a text in [0, 1], given what its tokens add (TokensRead.contributions).

        Without that it is by the words alone. ``less`` is taken off the log-odds.
        """
        mix = self.mix_of_text if by_tokens is None else self.mix
        return float(1 / (1 + np.exp(-(float(self.features(text, by_tokens) @ mix) - less))))

    def features(self, text: str, by_tokens: np.ndarray | None) -> np.ndarray:
        """Return what ``mix`` (or ``mix_of_text``) weighs."""
        attention = [] if by_tokens is None else [float(by_tokens.sum()) + self.attention.intercept]
        return np.asarray([*attention, self.terms.log_odds(text), *signs(text), 1.0])


@lru_cache(maxsize=1)
def load_detector() -> AngerDetector:
    """Return the shipped detector; raise DetectorError where its file is not the one that was built."""
    try:
        content = DETECTOR_FILE.read_bytes()
        expected = DIGEST_FILE.read_text().split()[0]
    except (OSError, IndexError) as error:
        raise DetectorError(f"{DETECTOR_FILE} or its sha256 is missing.") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise DetectorError(f"{DETECTOR_FILE} is not the file that was built: its sha256 differs.")
    return detector_read(content)


def detector_read(content: bytes) -> AngerDetector:
    """Return the detector that ``detector_write`` has written; nothing in it is ever executed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        detector = AngerDetector(
            Attention(
                queries=arrays["queries"].astype(np.float32),
                values=arrays["values"].astype(np.float32),
                bias=arrays["bias"].astype(np.float32),
                weights=arrays["attention"].astype(np.float32),
                intercept=float(arrays["intercepts"][0]),
            ),
            Terms(
                arrays["terms"].astype(np.float32) * np.float32(arrays["terms_scale"]),
                arrays["rarity"].astype(np.float32) * np.float32(arrays["rarity_scale"]),
                float(arrays["intercepts"][1]),
            ),
            arrays["mix"],
            arrays["mix_of_text"],
            str(arrays["fingerprint"]),
            hashlib.sha256(content).hexdigest()[:16],
        )
    if len(detector.mix) != len(SIGNS) + 3:
        raise DetectorError(f"{DETECTOR_FILE} weighs other signs. Build it anew.")
    return detector


def detector_write(detector: AngerDetector) -> bytes:
    """Return the detector as an npz file: half floats for the attention, bytes for the terms."""
    terms, terms_scale = _bytes(detector.terms.weights, 127, np.int8)
    rarity, rarity_scale = _bytes(detector.terms.rarity, 255, np.uint8)
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        queries=detector.attention.queries.astype(np.float16),
        values=detector.attention.values.astype(np.float16),
        bias=detector.attention.bias.astype(np.float16),
        attention=detector.attention.weights.astype(np.float16),
        intercepts=np.asarray([detector.attention.intercept, detector.terms.intercept]),
        terms=terms,
        terms_scale=np.asarray(terms_scale),
        rarity=rarity,
        rarity_scale=np.asarray(rarity_scale),
        mix=detector.mix,
        mix_of_text=detector.mix_of_text,
        fingerprint=np.asarray(detector.fingerprint),
    )
    return stream.getvalue()


def _bytes(values: np.ndarray, largest: int, kind: type) -> tuple[np.ndarray, float]:
    scale = float(np.abs(values).max()) / largest or 1.0
    return np.rint(values / scale).astype(kind), scale
