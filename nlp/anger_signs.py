"""Small signs of anger and distress in a message: wordings, capitals, emoji, exclamation, negation, sarcasm.

Each sign is a number of about 0 to 3; what it weighs is learnt with the detector (nlp.anger_training). All of
it is linear in the length of the text. Decides nothing about what a message means.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import re2

SIGNS_FILE = Path(__file__).parent / "data" / "anger_signs.toml"
LISTS = ("outrage", "distress", "insistence", "sarcasm", "calm")
SIGNS = (
    *LISTS,
    "angry_emoji",
    "shouting",
    "all_shouted",
    "exclamation",
    "asked_and_exclaimed",
    "negated",
    "wordless",
)
MOST = 3  # of a sign: more of it says no more
SHOUTED = re.compile(r"\b[A-Z]{2,}(?:'[A-Z]+)?\b")
WORD = re.compile(r"\b[^\W\d_]{2,}\b")
# Product names and abbreviations are written in capitals without any anger: few words, no verb among them.
SHOUTED_WORDS = re.compile(
    r"\b(?:I|IS|ARE|WAS|NOT|NO|NOW|NEVER|AGAIN|WHY|WHAT|HOW|YOU|YOUR|MY|ME|WE|THIS|THAT|IT|STOP|FIX|STILL|EVER|"
    r"NOTHING|NOBODY|DON'T|CAN'T|HELP|PLEASE|DO|DID|HAVE|WANT|NEED|ANSWER|WORST|HATE|BACK|EVERY|ONE|TIME)\b"
)
QUOTES = str.maketrans("’‘ʼ`´", "'''''")


def signs(text: str) -> np.ndarray:
    """Return the signs of ``text`` in the order of SIGNS, float32."""
    low = text.lower().translate(QUOTES)
    counts = [float(min(sum(1 for _ in _PATTERNS[name].finditer(low)), MOST)) for name in LISTS]
    negated = float(_NEGATED.search(low) is not None)
    if negated:  # "not angry at all": the word is there, the anger is not
        counts[0], counts[1] = max(0.0, counts[0] - 1), max(0.0, counts[1] - 1)
    words = WORD.findall(text)
    loud = any(emoji in text for emoji in _EMOJI) or len(SHOUTED.findall(text)) >= 2
    shouted = len(SHOUTED.findall(text))
    plainly = len(SHOUTED_WORDS.findall(text))
    return np.asarray(
        [
            *counts,
            float(min(sum(text.count(emoji) for emoji in _EMOJI), MOST)),
            float(min(plainly if shouted >= 2 else 0, MOST)),
            float(len(words) >= 3 and shouted >= 0.8 * len(words) and plainly > 0),
            float(min(text.count("!"), MOST)),
            float("?!" in text or "!?" in text or "??" in text),
            negated,
            float(not any(counts[:4]) and not loud),
        ],
        dtype=np.float32,
    )


def _whole_words(expressions: list[str]) -> re2._Regexp:
    return re2.compile(rf"(?:^|\b)(?:{'|'.join(expressions)})(?:\b|$)")


with SIGNS_FILE.open("rb") as _file:
    _ENTRIES: dict[str, list[str]] = tomllib.load(_file)
_PATTERNS = {name: _whole_words(_ENTRIES[name]) for name in LISTS}
_EMOJI = tuple(_ENTRIES["angry_emoji"])
_NEGATED = re2.compile(
    r"\b(?:not|never|isn't|no longer|don't be|nobody is)(?: \w+)? (?:angry|upset|mad|annoyed|frustrated"
    r"|furious|hate|terrible|awful|useless|horrible|rude|ridiculous|worried|scared|disappointed)\b"
)
