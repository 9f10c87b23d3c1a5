"""Understand the answer to a clarifying question with options. Pure; guesses nothing that was not said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NUMBER_WORDS: Mapping[str, int] = {
    "1": 1,
    "one": 1,
    "first": 1,
    "1st": 1,
    "former": 1,
    "2": 2,
    "two": 2,
    "second": 2,
    "2nd": 2,
    "latter": 2,
}
NUMBER_REPLY = re.compile(
    r"^\W*(?:(?:it'?s|its|i mean|i meant|option|number|nr|no|the|choose|please|yes|yeah|#)\W*)*"
    r"(1st|2nd|[12]|one|two|first|second|former|latter)"
    r"(?:\W*(?:one|option|please|thanks|thank you))*\W*$"
)
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pending:
    """The clarifying question that the customer's message follows: what was asked about, and offered."""

    trigger: str
    text: str
    matched_text: str
    options: Sequence[Mapping[str, str]]  # {"intent", "label"}, in the order shown


def option_chosen(reply: str, options: Sequence[Mapping[str, str]]) -> str | None:
    """Return the intent of the option that ``reply`` names by number, label or slug, or None."""
    words = " ".join(reply.lower().replace("’", "'").split())
    match = NUMBER_REPLY.match(words)
    if match:
        position = NUMBER_WORDS[match.group(1)] - 1
        return options[position]["intent"] if position < len(options) else None
    said = WORD.findall(words.replace("_", " "))
    named = [
        option["intent"]
        for option in options
        if any(_names(said, option[key]) for key in ("label", "intent"))
    ]
    return named[0] if len(named) == 1 else None


def _names(said: list[str], name: str) -> bool:
    """Tell whether a short reply holds the whole name as a run of words."""
    wanted = WORD.findall(name.lower().replace("_", " ").replace("-", " "))
    if not wanted or len(said) > len(wanted) + 6:
        return False
    return any(said[i : i + len(wanted)] == wanted for i in range(len(said) - len(wanted) + 1))
