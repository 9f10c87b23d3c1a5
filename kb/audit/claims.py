"""Statements with a quantity: what a sentence says "14 days" of. Pure.

A claim is a sentence, its content words without the number, and the number with its unit. Decides nothing
about which claims contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from kb.markdown import plain_text

NUMBERS = {
    word: float(number)
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ]
    )
} | {"thirty": 30.0, "sixty": 60.0, "ninety": 90.0}
UNITS = {
    "second": "seconds",
    "sec": "seconds",
    "minute": "minutes",
    "min": "minutes",
    "hour": "hours",
    "business day": "business days",
    "working day": "business days",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years",
    "user": "users",
    "seat": "users",
    "item": "items",
    "row": "rows",
    "location": "locations",
    "character": "characters",
    "attempt": "attempts",
    "time": "times",
    "kb": "KB",
    "mb": "MB",
    "gb": "GB",
    "request": "requests",
    "percent": "%",
    "%": "%",
}
QUANTITY = re.compile(
    r"(?P<money>[$€£])\s?(?P<amount>\d[\d,]*(?:\.\d+)?)"
    rf"|(?P<number>\b\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(NUMBERS)}))[\s-]?"
    rf"(?P<unit>{'|'.join(sorted((re.escape(u) for u in UNITS), key=len, reverse=True))})s?(?![\w])",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"“(])|\n+")
WORD = re.compile(r"[a-z][a-z'-]{2,}")
MAX_SENTENCE = 400


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an article with its quantities: unit → the numbers said of it."""

    article_id: int
    sentence: str
    subject: str  # the sentence without its quantities
    words: frozenset[str]
    quantities: dict[str, frozenset[float]]


def claims_of(article_id: int, markdown: str) -> Iterator[Claim]:
    """Yield the sentences of an article that state a quantity."""
    for sentence in sentences(markdown):
        quantities: dict[str, set[float]] = {}
        for match in QUANTITY.finditer(sentence):
            unit = match["money"] or UNITS[match["unit"].lower()]
            quantities.setdefault(unit, set()).add(_number(match["amount"] or match["number"]))
        if quantities:
            subject = " ".join(QUANTITY.sub(" ", sentence).split())
            words = frozenset(WORD.findall(subject.lower())) - ENGLISH_STOP_WORDS
            yield Claim(
                article_id, sentence, subject, words, {k: frozenset(v) for k, v in quantities.items()}
            )


def sentences(markdown: str) -> list[str]:
    """Return the sentences of an article as a reader sees them; a list item is one."""
    found = (" ".join(part.split()) for part in SENTENCE_END.split(plain_text(markdown)))
    return [part for part in found if 3 <= len(part) <= MAX_SENTENCE]


def _number(text: str) -> float:
    return NUMBERS[text.lower()] if text.lower() in NUMBERS else float(text.replace(",", ""))
