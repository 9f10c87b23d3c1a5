"""Rules about words: vague and ageing phrases, unfinished text, the brand's voice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import re2

from kb.lint import phrases
from kb.lint.contracts import Context, Finding, Fix, Preferred
from kb.lint.document import Document

MAX_HITS = 200  # of one rule in one article


def vague(document: Document, context: Context) -> Iterator[Finding]:
    """V001: a machine cannot act on it, unless a linked escalation rule says when a person takes over."""
    linked = {
        number
        for link in document.links
        if link.target.startswith("rule:")
        for number in range(link.first, link.last + 1)
    }
    hits = 0
    for number, line in document.prose():
        for match in phrases.VAGUE.finditer(line):
            if number in linked or (hits := hits + 1) > MAX_HITS:
                continue
            words = match.group().lower()
            message = (
                f"“{match.group()}” is vague: say exactly when, or link the escalation rule that decides"
            )
            example = next(iter(context.rules.items()), None) if context.rules else None
            message += f", such as [{example[1]}](rule:{example[0]})." if example else " (“[…](rule:…)”)."
            severity = "info" if words in phrases.MILD else "warning"
            yield Finding("V001", severity, number, match.start() + 1, message)  # type: ignore[arg-type]


def known_rules(document: Document, context: Context) -> Iterator[Finding]:
    """V002: a linked escalation rule exists and is enabled."""
    if context.rules is None:
        return
    for link in document.links:
        key = link.target.removeprefix("rule:")
        if link.target.startswith("rule:") and key not in context.rules:
            line, column = document.column_of(link.target, link.first, link.last)
            known = ", ".join(f"rule:{key} ({name})" for key, name in list(context.rules.items())[:8])
            message = f"No enabled escalation rule has the key “{key}”. There are: {known or 'none'}."
            yield Finding("V002", "error", line, column, message)


def ageing(document: Document, context: Context) -> Iterator[Finding]:
    """D001: it is true only for a while, and nobody says how long."""
    for number, line in document.prose():
        for match in phrases.AGEING.finditer(line):
            message = f"“{match.group()}” ages: name the date or the version."
            yield Finding("D001", "info", number, match.start() + 1, message)


def unfinished(document: Document, context: Context) -> Iterator[Finding]:
    """P001: a note to oneself."""
    for number, line in document.prose():
        for match in phrases.UNFINISHED.finditer(line):
            message = f"“{match.group()}” is not finished: a customer would read it."
            yield Finding("P001", "error", number, match.start() + 1, message)


def voice(document: Document, context: Context) -> Iterator[Finding]:
    """W001: words that the voice guide does not want, in the title too."""
    for start, found, preferred in voice_hits(document.title, context.voice):
        yield Finding("W001", "warning", 0, start + 1, voice_message(found, preferred))
    for number, line in document.prose():
        for start, found, preferred in voice_hits(line, context.voice):
            begin, instead = document.starts[number - 1] + start, _as_case(found, preferred.instead)
            fix = Fix(f"Write “{instead}”", begin, begin + len(found), instead) if instead else None
            yield Finding("W001", "warning", number, start + 1, voice_message(found, preferred), fix)


def voice_hits(text: str, unwanted: Mapping[str, Preferred]) -> Iterator[tuple[int, str, Preferred]]:
    """Yield where unwanted words stand in a text, as whole words in any case: start, words, what to write."""
    for words, preferred in unwanted.items():
        for match in _whole_words(words).finditer(text):
            yield match.start(), match.group(), preferred


@lru_cache(maxsize=1_024)
def _whole_words(words: str) -> Any:  # RE2 comes without types
    return re2.compile(rf"(?i)\b{re2.escape(words)}\b")


def voice_message(found: str, preferred: Preferred) -> str:
    """Return what to do about an unwanted word."""
    advice = f"write “{preferred.instead}”" if preferred.instead else "leave it out"
    return f"“{found}” is not how we speak: {advice}{f' ({preferred.reason})' if preferred.reason else ''}."


def _as_case(found: str, instead: str) -> str:
    return instead[:1].upper() + instead[1:] if re.match(r"[A-Z]", found) else instead
