"""Sentences → the words that count, in order: contractions opened, endings off, codes as they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nlp.bm25 import stem
from runtime.drafting import wording

CHUNK = re.compile(r"\S+")
EDGES = ".,;:!?()[]{}\"“”‘’'…*_`"
ARROWS = frozenset("→>›»➔➜⇒")
DASHES = re.compile(r"[—]|(?<=\D)–(?=\D)")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
DECIMAL = re.compile(r"\.\d")
PLAIN_SIGNS = frozenset(" .,;:!?'\"’‘“”()-–—…\n\t")


@dataclass(frozen=True, slots=True)
class Token:
    """One word that counts: its form to compare by, where it begins, and the word right before it."""

    form: str
    start: int
    before: str


def tokens_of(text: str) -> list[Token]:
    """Return the words of a plain text, without those that say nothing by themselves."""
    found: list[Token] = []
    before = ""
    for form, start in _paired(list(_forms(text))):
        if form not in wording.WEAK:
            found.append(Token(_stemmed(form), start, before))
        before = form
    return found


def signs_of(text: str) -> frozenset[str]:
    """Return the signs of a text that may carry meaning: neither letters, digits nor common punctuation."""
    return frozenset(
        "→" if sign in ARROWS else sign for sign in text if not sign.isalnum() and sign not in PLAIN_SIGNS
    )


def _forms(text: str) -> Iterator[tuple[str, int]]:
    for chunk in CHUNK.finditer(DASHES.sub(" ", text)):
        raw = chunk.group()
        core = raw.rstrip(EDGES)
        core = core.lstrip(EDGES) if not DECIMAL.match(core) else core
        if not signs_of(core) and not any(sign.isalnum() for sign in core):
            continue
        start = chunk.start() + raw.index(core)
        if WORD.fullmatch(core):
            for form in _opened(core.casefold().replace("’", "'")):
                yield form, start
        elif core in ARROWS:
            yield "→", start
        else:
            yield THOUSANDS.sub("", core), start  # a code as it is written


def _opened(word: str) -> tuple[str, ...]:
    """Return the words that a contraction stands for; a possessive loses its mark."""
    if word in wording.CONTRACTIONS:
        return wording.CONTRACTIONS[word]
    for ending, meant in wording.CONTRACTED_ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return word.removesuffix(ending), meant
    if word.endswith("'s"):
        base = word.removesuffix("'s")
        return (base, "be") if base in wording.IS_CONTRACTED else (base,)
    return (word,)


def _paired(forms: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    position = 0
    while position < len(forms):
        form, start = forms[position]
        following = forms[position + 1][0] if position + 1 < len(forms) else ""
        pair = wording.PAIRS.get((form, following))
        if pair is not None:
            yield from ((one, start) for one in pair)
            position += 2
            continue
        yield form, start
        position += 1


def _stemmed(form: str) -> str:
    same = wording.SAME.get(form) or wording.NUMBERS.get(form)
    if same:
        return same
    stemmed = stem(form)
    return wording.SAME.get(stemmed, stemmed)
