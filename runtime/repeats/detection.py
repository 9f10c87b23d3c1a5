"""Which fields a person's reply asks the customer for although their values were known. Pure, English only.

A sentence asks for a field where a request ("could you send me …", "please confirm …", "I need …") is
followed by the field's words, where it is a question for it ("which plan are you on?"), or where it is hardly
more than its name ("Your order number?"). A sentence that names the known value confirms it and repeats
nothing; so does "no need to send …". Judges no person and no packet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runtime.repeats.fields import FIELDS, Field

DETECTOR_VERSION = 1  # raise it whenever the same reply would come out otherwise
REPLIES_CHECKED = 2  # the person's first ones: later questions belong to the work itself
MAX_REPLY_CHARACTERS = 4_000
MAX_SENTENCE_CHARACTERS = 500
ELLIPSIS_WORDS = 6
FEWEST_VALUE_CHARACTERS = 3

_GIVE = (
    "tell|send|share|provide|give|confirm|specify|state|paste|attach|forward|describe|list|remind|drop|supply|"
    "mention|repeat|include|resend|point|check(?= (?:which|what))|verify|clarify|"
    "say|explain|walk|write|reply with|enter|quote|copy|identify|advise|submit|post|let (?:me|us) know"
)
REQUEST = re.compile(
    rf"\b(?:could|can|would|will) you\b.{{0,40}}?\b(?:{_GIVE})\b"
    rf"|\b(?:please|kindly)\s+(?:also\s+)?(?:{_GIVE})\b"
    r"|\bmind (?:telling|sending|sharing|giving|providing|confirming)\b"
    r"|\b(?:may|can|could|might) (?:i|we) (?:please |also |just )?(?:have|get|know|ask|trouble you for)\b"
    r"|\b(?:i|we)(?:'ll|'d| will| would)?\s+(?:just |only |also |still )?(?:need|require)\b"
    r"|\b(?:i|we)(?:'d| would) (?:like|love) to (?:know|have)\b"
    r"|\blet (?:me|us) know\b|\bdo you (?:happen to )?(?:still )?(?:have|know|remember|recall)\b",
    re.IGNORECASE,
)
NO_REQUEST = re.compile(
    r"\b(?:no need|not necessary|never|(?:don't|do not|needn't)(?: have to| need to)?)\b", re.IGNORECASE
)
CLAUSE = re.compile(r"^\W*(?:me|us)?\s*(?:if|whether|once|as soon as|that)\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
ABBREVIATION = re.compile(r"\b(no|nr)\.\s", re.IGNORECASE)
ALTERNATIVES = re.compile(r"\bor\b", re.IGNORECASE)
WORD = re.compile(r"\w+")
LEADS = frozenset(("and", "your", "the", "also", "what", "how", "about", "any"))
TAILS = frozenset(("please", "address", "message", "messages", "code"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that was asked for again: the sentence, and the value that was there."""

    field: str
    sentence: str
    value: str


def asked_again(reply: str, held: Mapping[str, str]) -> list[Asked]:
    """Return the fields of ``held`` (name → value) that ``reply`` asks for, each once, in reading order."""
    found: dict[str, Asked] = {}
    for sentence in sentences(reply):
        for field in _asked_in(sentence):
            value = held.get(field.name, "")
            if value and field.name not in found and not _confirms(sentence, value):
                found[field.name] = Asked(field.name, sentence, value)
    return list(found.values())


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a reply, without those that say nothing."""
    plain = text[:MAX_REPLY_CHARACTERS].replace("’", "'")
    for part in SENTENCE_END.split(ABBREVIATION.sub(r"\1 ", plain)):
        sentence = part.strip()[:MAX_SENTENCE_CHARACTERS]
        if WORD.search(sentence):
            yield sentence


def _asked_in(sentence: str) -> list[Field]:
    if NO_REQUEST.search(sentence):
        return []
    request = REQUEST.search(sentence)
    rest = sentence[request.end() :] if request else ""
    if CLAUSE.search(rest):
        rest = ""
    is_question = "?" in sentence
    return [
        field
        for field in FIELDS
        if (rest and field.noun.search(rest))
        or (is_question and (field.question.search(sentence) or _is_hardly_more(sentence, field)))
    ]


def _is_hardly_more(sentence: str, field: Field) -> bool:
    """Return whether a question is little but the field's name: "And the invoice number, please?"."""
    last = re.split(r"[:,;]\s", sentence.removesuffix("?").removesuffix(", please"))[-1]
    words = WORD.findall(last)
    match = field.noun.search(last)
    if match is None or len(words) > ELLIPSIS_WORDS:
        return False
    before = {word.lower() for word in WORD.findall(last[: match.start()])}
    after = {word.lower() for word in WORD.findall(last[match.end() :])}
    return before <= LEADS and after <= TAILS


def _confirms(sentence: str, value: str) -> bool:
    """Return whether the sentence says the value itself; one of several choices is still a question."""
    said, known = " ".join(sentence.lower().split()), " ".join(value.lower().split())
    if len(known) < FEWEST_VALUE_CHARACTERS or ALTERNATIVES.search(sentence):
        return False
    return re.search(rf"(?<!\w){re.escape(known)}(?!\w)", said) is not None
