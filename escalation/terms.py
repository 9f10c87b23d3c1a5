"""Match lists of terms in a customer's text: whole words, linear time, the customer's own words as evidence.

A list has ``terms`` and ``exceptions``: a hit that lies within a stretch that an exception matches does not
count. Entries of ours are RE2 expressions without capturing groups; what people add in a rule are plain
phrases, never patterns. Decides nothing about what a hit means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import re2

from escalation.normalisation import PlainText, plain, readings

KEPT_PHRASE_LISTS = 256


@dataclass(frozen=True, slots=True)
class TermList:
    """Compiled terms and the stretches in which they mean something else (None: there are none)."""

    terms: re2._Regexp
    exceptions: re2._Regexp | None


def term_list(terms: Sequence[str], exceptions: Sequence[str]) -> TermList:
    """Compile a list of expressions, each of whole words."""
    return TermList(_whole_words(terms), _whole_words(exceptions) if exceptions else None)


@lru_cache(maxsize=KEPT_PHRASE_LISTS)
def phrase_pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern of plain phrases as people write them into a rule; None where there are none."""
    wanted = [re.escape(words) for words in (plain(phrase).text.strip() for phrase in phrases) if words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(wanted)})(?!\w)") if wanted else None


def term_find(
    text: str, one: TermList, extra: Sequence[str] = (), exceptions: Sequence[str] = ()
) -> str | None:
    """Return the words of ``text`` that hit the list or an ``extra`` phrase outside every exception, or None.

    An exception of the list spares no ``extra`` phrase: who adds a phrase means it.
    """
    own, not_own = phrase_pattern(tuple(extra)), phrase_pattern(tuple(exceptions))
    for words in readings(text):
        spared = list(_spans(not_own, words))
        for pattern, stretches in ((own, spared), (one.terms, None)):
            hits = list(_spans(pattern, words))
            if not hits:
                continue
            if stretches is None:
                stretches = [*spared, *_spans(one.exceptions, words)]
            for start, end in hits:
                if not _within(start, end, stretches):
                    return words.evidence(start, end)
    return None


def _spans(pattern: re.Pattern[str] | re2._Regexp | None, words: PlainText) -> Iterator[tuple[int, int]]:
    if pattern is not None:
        for match in pattern.finditer(words.text):
            yield match.span()


def _within(start: int, end: int, stretches: Sequence[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in stretches)


def _whole_words(expressions: Sequence[str]) -> re2._Regexp:
    return re2.compile(rf"\b(?:{'|'.join(expressions)})\b")
