"""A ticket's words as a vector: what is encoded, and how the vector is stored. Pure.

Subject and first words together say best what a ticket is about: with the demo's true categories the clusters
have an NMI of 0.66, without the subject of 0.58; fewer words or only the first paragraph change little, and
giving weight to sentences that many tickets share brings up courtesies (0.46).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

MAX_CHARACTERS = 2_000
MAX_WORDS = 60  # what a customer wants stands in the first sentences; more costs time and blurs the vector
NUMBER = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    "seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|oh"
)
SPELLED = re.compile(rf"\b(?:{NUMBER})(?:[\s,.-]{{1,3}}(?:and\s)?(?:{NUMBER})\b)+", re.IGNORECASE)
DIGITS = re.compile(r"\S*\d\S*")


def text_to_encode(subject: str, customer_words: str) -> str:
    """Return subject and first words of the customer as one text, without numbers, dates and ids.

    What a ticket is about does not depend on them. Empty where there is nothing.
    """
    subject = _without_numbers(subject)
    text = " ".join(_without_numbers(customer_words[:MAX_CHARACTERS]).split()[:MAX_WORDS])
    if subject and not text.lower().startswith(subject.lower()):
        text = f"{subject}. {text}" if text else subject
    return text


def _without_numbers(text: str) -> str:
    """Return the text without numbers in digits or spelled out in a row; all of it if it is only that."""
    return " ".join(DIGITS.sub(" ", SPELLED.sub(" ", text)).split()) or text.strip()


def pack(vector: np.ndarray) -> bytes:
    """Return a unit vector as it is stored: float16, little endian."""
    packed: bytes = np.ascontiguousarray(vector, dtype="<f2").tobytes()
    return packed


def unpack(stored: Sequence[bytes | memoryview]) -> np.ndarray:
    """Return stored vectors as (n, d) float32 with rows of unit length."""
    vectors = np.stack([np.frombuffer(bytes(row), dtype="<f2") for row in stored]).astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def floats(stored: bytes | memoryview) -> np.ndarray:
    """Return a stored centroid or mean, (d,) float32."""
    return np.frombuffer(bytes(stored), dtype="<f4")


def stored_floats(vector: np.ndarray) -> bytes:
    """Return a centroid or mean as it is stored: float32, little endian."""
    stored: bytes = np.ascontiguousarray(vector, dtype="<f4").tobytes()
    return stored
