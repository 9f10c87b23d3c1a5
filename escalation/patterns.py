"""Words and patterns that people write into rules, found in a customer's message. Pure.

Patterns run on RE2 only: time is linear in the message whatever somebody writes. Phrases are plain words,
found whole, in any case and through the disguises that escalation.normalisation undoes. Decides nothing about
what a match means.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2

from core.errors import InvalidInput
from escalation.normalisation import MAX_CHARACTERS, plain

MAX_PATTERNS, MAX_PATTERN_CHARACTERS = 20, 500
MAX_PHRASES, MAX_PHRASE_CHARACTERS = 50, 80
MAX_MEMORY_BYTES = 8 * 2**20
WORD = re.compile(r"\w+")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# What RE2 leaves out because it cannot be done in linear time, and what to say of it.
LOOK_AROUND = re.compile(r"\(\?<?[=!]")
BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=")


def patterns_check(patterns: Sequence[str], *, ignore_case: bool) -> None:
    """Raise InvalidInput, naming the first pattern that cannot be used and why."""
    for pattern in patterns:
        fault = _fault(pattern, ignore_case)
        if fault:
            raise InvalidInput(
                f"“{_shown(pattern)}”: {fault}", code="bad_pattern", extra={"field": "patterns"}
            )


def pattern_find(text: str, patterns: Sequence[str], *, ignore_case: bool) -> str | None:
    """Return the words of the first pattern that matches the message's first 20,000 characters, or None."""
    if not patterns:
        return None
    encoded = _encoded(text)
    any_of_them = _together(tuple(patterns), ignore_case)
    if any_of_them is not None and not any_of_them.search(encoded):
        return None
    for pattern in patterns:
        match = _compiled(pattern, ignore_case).search(encoded)
        if match:
            start, end = match.span()
            first = len(encoded[:start].decode())
            return text[first : first + len(encoded[start:end].decode())]
    return None


def phrase_find(text: str, phrases: Sequence[str]) -> str | None:
    """Return the customer's words that are one of the phrases, or None."""
    if not phrases:
        return None
    present = _words(text)
    for its_words, whole in _prepared(tuple(phrases)):
        if not its_words <= present:
            continue
        words = plain(text)
        match = whole.search(words.text)
        if match:
            return words.evidence(*match.span())
    return None


def _fault(pattern: str, ignore_case: bool) -> str:
    try:
        compiled = _compiled(pattern, ignore_case)
    except (re2.error, UnicodeError) as error:
        if LOOK_AROUND.search(pattern):
            return "look-ahead and look-behind are not possible here. Write what must be there instead."
        if BACK_REFERENCE.search(pattern):
            return "back-references such as \\1 are not possible here. Write the words out."
        if isinstance(error, UnicodeError):
            return "it holds characters that cannot be stored."
        return f"not a pattern that can be read: {_reason(error)}"
    if compiled.search(b""):
        return "it matches the empty text, so it would match every message."
    return ""


def _reason(error: Exception) -> str:
    reason: Any = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _shown(pattern: str) -> str:
    return LONE_SURROGATE.sub("\ufffd", pattern[:60])


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    """Compile once for each text: a rule's version never changes, so this is once a version."""
    options = re2.Options()
    options.max_mem = MAX_MEMORY_BYTES
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.never_capture = True  # only the whole match is asked for: no search for groups
    return re2.compile(pattern.encode(), options)


@lru_cache(maxsize=2048)
def _together(patterns: tuple[str, ...], ignore_case: bool) -> Any:
    """Return one pattern that matches where any of them does; None where they are too large together."""
    try:
        return _compiled("|".join(f"(?:{pattern})" for pattern in patterns), ignore_case)
    except re2.error:
        return None


@lru_cache(maxsize=8)
def _encoded(text: str) -> bytes:
    """Return what RE2 reads, encoded once a message; a lone surrogate becomes the replacement sign."""
    return LONE_SURROGATE.sub("\ufffd", text[:MAX_CHARACTERS]).encode()


@lru_cache(maxsize=8)
def _words(text: str) -> frozenset[str]:
    """Return the plain words of a message: where a phrase is found whole, all of its words are."""
    return frozenset(WORD.findall(plain(text).text))


@lru_cache(maxsize=2048)
def _prepared(phrases: tuple[str, ...]) -> tuple[tuple[frozenset[str], re.Pattern[str]], ...]:
    """Return for each phrase its words, and how the whole of it is found."""
    prepared = []
    for phrase in phrases:
        wanted = plain(phrase).text.strip()
        words = frozenset(WORD.findall(wanted))
        if words:
            prepared.append((words, re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")))
    return tuple(prepared)
