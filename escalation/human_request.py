"""Detect that a customer explicitly asks for a human. Pure; the word lists are in data/human_request.toml.

Says only whether and where the wish is expressed; what follows from it is a rule's business
(escalation.engine). English. All patterns are ours; what people add in a rule are plain phrases, never
patterns, so matching time stays linear in the length of the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from escalation.normalisation import PlainText, plain, readings

WORDS_FILE = Path(__file__).parent / "data" / "human_request.toml"
LOOK_BACK_CHARACTERS = 60
MAX_LINES = 50  # looked at one by one: a line may be a whole request


def human_request_find(text: str, extra_phrases: Sequence[str] = ()) -> str | None:
    """Return the customer's words that ask for a human, or None where nothing in ``text`` does."""
    lines = [line for line in text.splitlines() if line.strip()]
    for piece in (text, *(lines[:MAX_LINES] if len(lines) > 1 else ())):
        for words in readings(piece):
            found = _find(words, extra_phrases)
            if found is not None:
                return found
    return None


def _find(words: PlainText, extra_phrases: Sequence[str]) -> str | None:
    found = _find_extra(words, extra_phrases)
    if found is not None:
        return found
    for pattern in PHRASE_PATTERNS:
        match = pattern.search(words.text)
        if match:
            return words.evidence(*match.span())
    for pattern in PERSON_PATTERNS:
        for match in pattern.finditer(words.text):
            before = words.text[max(0, match.start() - LOOK_BACK_CHARACTERS) : match.start()]
            if not TAKEN_BACK.search(before):
                return words.evidence(*match.span())
    for pattern in MORE_PATTERNS:
        for match in pattern.finditer(words.text):
            before = words.text[max(0, match.start() - LOOK_BACK_CHARACTERS) : match.start()]
            if not TAKEN_BACK.search(before):
                return words.evidence(*match.span())
    return None


def _find_extra(words: PlainText, phrases: Sequence[str]) -> str | None:
    for phrase in phrases:
        wanted = plain(phrase).text.strip()
        match = wanted and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", words.text)
        if match:
            return words.evidence(*match.span())
    return None


def _person_patterns(lists: dict[str, list[str]]) -> tuple[re.Pattern[str], ...]:
    adjectives = rf"(?:(?:{_any(lists['adjective'])})[ -])*"
    determiner = r"(?:an? ?|the |your |some |any |one of your )?"  # "a h u m a n" is read as "ahuman"
    not_after = rf"(?!\w)(?!(?: |-|(?='))(?:{_any(lists['not_after'])})\b)"
    person = rf"{determiner}{adjectives}(?:{_any(lists['person'])}){not_after}"
    somebody = rf"(?:{person}|(?:{_any(lists['anybody'])})(?!\w)(?!'s| else's))"
    wanted = rf"{determiner}{adjectives}(?:{_any(lists['wanted'])}){not_after}"
    ends = (
        r"(?= ?(?:$|[^\w\s']|please|pls|plz|now|asap|immediately|right|instead|to (?:help|talk|speak"
        r"|assist|call|look|handle|fix|answer|take)|who|that can|for (?:this|help)|on (?:the|this|here)|not"
        r"|because|here|today|and i\b|i\b|thanks|thank|already|but|or i\b))"
    )
    politely = (
        r"(?:please|pls|plz|now|thanks|thank you|asap|immediately|right now|hello|hi|hey|ok|okay|just|no)"
    )
    sources = (
        rf"\b(?:talk|speak|chat|communicate)(?: directly| live)? (?:to|with) {somebody}",
        r"\b(?:rather|prefer|like|mind|happier|better|insist on) (?:talking|speaking|chatting)"
        rf" (?:to|with) {somebody}",
        r"\b(?:connect|transfer|put|forward|escalate|redirect|switch|pass|hand|send|move|refer|direct|bring"
        r"|patch)"
        r"(?: me| us| this| my (?:case|issue|ticket|problem|request|chat))?(?: over| back| through| up| on)?"
        rf" (?:to|with|onto) {somebody}(?<!to support)",
        r"\b(?:want|need|get me|get us|give me|gimme|find me|like|prefer|demand|require|request|bring me"
        rf"|i'll take) (?:to have |to get )?{wanted}{ends}",
        r"\b(?:can|could|may|might|let) (?:i|we|me|us) (?:please )?(?:get|have|see|reach|contact)"
        rf" {wanted}{ends}",
        r"\b(?:is|are|isn't|aren't) there (?:no |not )?(?:any )?(?:way to |chance to )?"
        rf"(?:reach |contact |get )?{somebody} (?:available|here|there|around|i can|we can|i could"
        r"|to (?:talk|speak|chat|help|reach))",
        rf"^ ?(?:{politely}[ ,.!]*)*{wanted}[ ,.!?]*(?:{politely}[ ,.!?]*)*$",
        rf"\b(?:where|when) (?:is|are|can i get|do i get) (?:the |a |an |your ){wanted}{ends}",
    )
    return tuple(re.compile(source) for source in sources)


def _any(alternatives: list[str]) -> str:
    return "|".join(alternatives)


with WORDS_FILE.open("rb") as _file:
    _LISTS: dict[str, list[str]] = tomllib.load(_file)
PERSON_PATTERNS = _person_patterns(_LISTS)
PHRASE_PATTERNS = tuple(re.compile(rf"\b{phrase}") for phrase in _LISTS["phrases"])
MORE_PATTERNS = tuple(re.compile(rf"\b{phrase}") for phrase in _LISTS["more_phrases"])
TAKEN_BACK = re.compile(rf"(?<!\w)(?:{_any(_LISTS['not_before'])}) (?:\w+ )?$")
