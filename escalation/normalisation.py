"""Customer text made plain for term matching: disguises undone, every character traced to where it stood.

Undone: compatibility forms, zero-width and tag characters, accents, Cyrillic and Greek look-alikes of Latin
letters, letters spaced out one by one, emphasis marks, underscores for spaces; ``unleet`` also reads digits
as the letters they look like. Decides nothing about meaning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

MAX_CHARACTERS = 20_000
# Look-alikes of Latin small letters, after case folding (Unicode confusables, the letters used in practice).
LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝкмтнвгпьαβγεηικνορτυχωςɑɡıⅼ",
    "aeopcyxijsdhqwkmthbrnbabyenikvoptuxwcagil",
)
# Capitals whose small letters look like something else: Greek Η is an H, its η is an n.
CAPITAL_LOOK_ALIKES = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")
QUOTES = str.maketrans("’‘ʼ`´", "'''''")
INVISIBLE = frozenset({"Cf", "Cc", "Mn", "Me", "Co", "Cn"})
SPACED_WORD = re.compile(r"(?<!\w)\w([ .\-·])(?:\w\1){2,}\w(?!\w)")  # one and the same mark between
LETTER = re.compile(r"\w")
# White space to be drawn together, control characters, emphasis.
UNTIDY = re.compile(r"^ |  |[\x00-\x1f\x7f_*~]")
EMPHASIS = frozenset("*~")
WIDE_GAP = "\x1f"  # several spaces: they part words whose letters stand apart
KEPT_TEXTS = 64  # one turn looks at the same text many times
LEET = str.maketrans("013457@$", "oieastas")
LEET_WORD = re.compile(r"(?<![\w@$.,])(?=[\w@$]*[a-z])(?=[\w@$]*[013457@$])(?!\$\d)[\w@$]+")
LEET_I = re.compile(r"(?<![\w.,$€£:#/-])1(?= [a-z])")


@dataclass(frozen=True, slots=True)
class PlainText:
    """Plain ``text`` and, for each of its characters, the index of the original character."""

    text: str
    origins: tuple[int, ...]
    original: str

    def evidence(self, start: int, end: int) -> str:
        """Return the original characters behind ``text[start:end]``."""
        if start >= end:
            return ""
        return self.original[self.origins[start] : self.origins[end - 1] + 1]


@lru_cache(maxsize=KEPT_TEXTS)
def plain(text: str) -> PlainText:
    """Return ``text`` case-folded, without disguises, with single spaces between words."""
    original = text[:MAX_CHARACTERS]
    if original.isascii() and not UNTIDY.search(original):  # most messages: nothing is hidden
        return _join_spaced_words(original.lower(), range(len(original)), original)
    characters: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(original):
        for piece in _pieces(character):
            if piece == " " and (not characters or characters[-1] in (" ", WIDE_GAP)):
                if characters:
                    characters[-1] = WIDE_GAP
                continue
            characters.append(piece)
            origins.append(index)
    return _join_spaced_words("".join(characters), origins, original)


@lru_cache(maxsize=KEPT_TEXTS)
def unleet(words: PlainText) -> PlainText:
    """Return ``words`` with digits in the midst of letters read as letters ("5u3 y0u" is "sue you").

    The same object where there is nothing to read so.
    """
    read = LEET_WORD.sub(lambda match: match.group().translate(LEET), words.text)
    if read == words.text:
        return words
    return replace(words, text=LEET_I.sub("i", read))


def readings(text: str) -> tuple[PlainText, ...]:
    """Return the ways to read ``text``: plain, and with digits for letters where it has some."""
    words = plain(text)
    read = unleet(words)
    return (words,) if read is words else (words, read)


@lru_cache(maxsize=4096)
def _pieces(character: str) -> str:
    if character.isspace() or character == "_":
        return " "
    if character in EMPHASIS:
        return ""
    if character.isascii():
        return "" if unicodedata.category(character) in INVISIBLE else character.lower()
    folded = unicodedata.normalize("NFKD", character).translate(CAPITAL_LOOK_ALIKES).casefold()
    kept = "".join(" " if c.isspace() else c for c in folded if unicodedata.category(c) not in INVISIBLE)
    return kept.translate(LOOK_ALIKES).translate(QUOTES)


def _join_spaced_words(text: str, origins: Sequence[int], original: str) -> PlainText:
    """Write "h u m a n" as "human"; keep everything else."""
    if not SPACED_WORD.search(text):
        return PlainText(text.replace(WIDE_GAP, " "), tuple(origins), original)
    kept: list[int] = []
    position = 0
    for match in SPACED_WORD.finditer(text):
        kept.extend(range(position, match.start()))
        kept.extend(i for i in range(*match.span()) if LETTER.match(text[i]))
        position = match.end()
    kept.extend(range(position, len(text)))
    joined = "".join(text[i] for i in kept).replace(WIDE_GAP, " ")
    return PlainText(joined, tuple(origins[i] for i in kept), original)
