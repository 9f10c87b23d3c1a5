"""Sentences → claims: what is spoken of, the figures, whether it is denied, for whom, and where. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from kb.claims import wording
from kb.claims.quantities import Quantity, quantities
from kb.markdown import inline_text, parse

SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z\d\"“(])|\n+")
CLAUSE_END = re.compile(
    r";\s+|,\s+(?:and|but|while|whereas)\s+|,\s+(?=for\s)|\s+(?:but|while|whereas)\s+|\s–\s|:\s+"
)
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
ENDINGS = (
    "ables",
    "able",
    "ible",
    "ations",
    "ation",
    "ings",
    "ing",
    "ements",
    "ement",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "s",
    "ly",
    "e",
)
MAX_SENTENCE = 400
FEWEST_WORDS = 2  # content words; a shorter clause takes those of its sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement: its sentence, the clause, the stems it speaks of, and what it says of them.

    ``subject`` is the clause without its figures, for an encoder. ``plans``, ``scopes`` and ``path`` are the
    plan names, the regions, systems and days, and the place in the product that it names. ``opposites`` are
    words of it that have an opposite.
    """

    sentence: str
    subject: str
    words: frozenset[str]
    figures: tuple[Quantity, ...]
    is_denied: bool
    opposites: frozenset[str]
    plans: frozenset[str]
    scopes: tuple[frozenset[str], ...]
    path: str
    has_condition: bool
    has_verb: bool


def claims_of(text: str) -> Iterator[Claim]:
    """Yield the claims of a sentence or a short text, clause by clause."""
    for sentence in sentences(text):
        if sentence.endswith("?"):
            continue
        whole = _words(wording.NEGATIVE_PREFIX.sub(r"\g<verb> not ", sentence))
        plans = _plans(sentence)
        for clause in CLAUSE_END.split(wording.NEGATIVE_PREFIX.sub(r"\g<verb> not ", sentence)):
            words = _words(clause)
            if len(words) < FEWEST_WORDS:
                words = whole
            if not words:
                continue
            yield Claim(
                sentence=sentence,
                subject=_affirmed(_without_figures(clause)),
                words=words,
                figures=tuple(quantities(clause)),
                is_denied=_is_denied(clause),
                opposites=frozenset(word.lower() for word in WORD.findall(clause)) & wording.OPPOSITE_WORDS,
                plans=_plans(clause) or plans,
                scopes=tuple(frozenset(pattern.findall(sentence)) for pattern in wording.SCOPES),
                path=_path(clause),
                has_verb=wording.VERB.search(clause) is not None,
                has_condition=wording.CONDITION.search(sentence) is not None,
            )


def article_claims(markdown: str) -> list[Claim]:
    """Return the claims of an article: of its paragraphs, lists and tables, not of headings and code."""
    tokens = parse(markdown)
    before = [None, *tokens]
    texts = (
        inline_text(token)
        for previous, token in zip(before, tokens, strict=False)
        if token.type == "inline" and not (previous and previous.type == "heading_open")
    )
    return [claim for text in texts for claim in claims_of(text)]


def sentences(text: str) -> list[str]:
    """Return the sentences of a plain text; each of its lines ends one."""
    found = (" ".join(part.split()) for part in SENTENCE_END.split(text))
    return [part for part in found if 3 <= len(part) <= MAX_SENTENCE]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return a word without its ending, roughly: enough to see that "refunds" and "refunded" are one."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _words(text: str) -> frozenset[str]:
    """Return the stems of the words that say what a text is about."""
    plain = wording.PATH.sub(" ", wording.PLAN.sub(" ", _without_figures(text)))
    found = (word.lower() for word in WORD.findall(plain))
    return frozenset(
        stem(word)
        for word in found
        if len(word) > 2
        and word not in ENGLISH_STOP_WORDS
        and word not in wording.EMPTY_WORDS
        and not wording.NEGATION.fullmatch(word)
    )


def _without_figures(text: str) -> str:
    parts, end = [], 0
    for figure in quantities(text):
        parts.append(text[end : figure.start])
        end = figure.end
    return " ".join(" ".join([*parts, text[end:]]).split())


def _affirmed(text: str) -> str:
    """Return a clause without its "not": an encoder puts a sentence far from its own denial."""
    text = wording.CONTRACTED.sub(r"\g<verb>", wording.CANNOT.sub("can", text))
    return " ".join(wording.NOT.sub(" ", text).split()) or text


def _is_denied(clause: str) -> bool:
    return len(wording.NEGATION.findall(wording.NOT_A_NEGATION.sub(" ", clause))) % 2 == 1


def _plans(text: str) -> frozenset[str]:
    return frozenset((match[1] or match[2]).lower() for match in wording.PLAN.finditer(text))


def _path(text: str) -> str:
    match = wording.PATH.search(text)
    if match is not None:
        path = wording.LEADS_TO_A_PATH.sub("", match.group())
        return " > ".join(part.strip().lower() for part in re.split(r">|→|›|»", path))
    match = wording.PLACE.search(text)
    return match[1].strip().lower() if match is not None else ""
