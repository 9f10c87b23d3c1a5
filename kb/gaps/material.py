"""Agents' good replies → a draft by rule: what is true for everyone, and the steps. Pure; no language model.

What an agent did for one customer ("I have reset it for you"), courtesies and questions back are left out:
they help nobody else. Decides nothing about publishing: a person writes on from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlp.bm25 import tokenize
from nlp.redaction import redact

MAX_STEPS, MAX_FACTS = 12, 4
SAME_WORDS = 0.6  # of the shorter sentence's words: the same said twice
NOT_COVERED = "What this does NOT cover"
PLACEHOLDER = "- *Name here what this article does not answer, and take this line out before you submit.*"
NO_ANSWER_YET = "*Write the answer here: one short paragraph, then the steps.*"

LIST_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•–])\s+(?P<text>\S.*)$")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"“(\[])")
ADDRESS = re.compile(r"\s*https?://\S+$")  # of the old help page, as a rule
THEN = re.compile(r",?\s+(?:and\s+)?then\s+|;\s+", re.IGNORECASE)
LEAD_IN = re.compile(
    r"^(?:please|just|then|next|first(?:ly)?|second(?:ly)?|now|finally|lastly|after that|afterwards|"
    r"you (?:can|need to|should|have to|will need to)|you'll need to|could you|kindly|simply|instead|also)"
    r"\b[,:]?\s+",
    re.IGNORECASE,
)
INSTRUCTIONS = """
    add adjust allow apply ask cancel change check choose clear click close confirm connect contact copy
    create deactivate delete disable disconnect download drag edit enable enter export fill find follow
    generate give go head hover import install invite log look make move navigate open paste pause pick
    press reconnect refresh reinstall reload remove rename repeat replace request reset restart resume
    retry return review run save scan scroll search select send set sign start stop switch tap test tick
    toggle try turn type uncheck uninstall untick update upgrade upload use verify visit wait write
"""
ASKING = "how what where when why who which can could do does did is are may should will would am"
QUESTION_STARTS = frozenset(ASKING.split())
IMPERATIVES = frozenset(INSTRUCTIONS.split())
PERSONAL = re.compile(
    r"\b(?:I|I'm|I've|I'll|we've|we have|sorry|apolog\w+|thank|thanks|hello|hi|dear|regards|cheers|"
    r"let (?:me|us) know|hope|happy to|glad|feel free|get back to|reply to this|your (?:account|ticket|case|"
    r"patience|message|order|subscription|workspace)(?: is| has| was)|for you|on your behalf|as discussed)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Material:
    """What a reply holds for everybody: statements, and steps in their order."""

    facts: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it helps anybody else."""
        return not self.facts and not self.steps


def material_of(replies: Iterable[str]) -> Material:
    """Return what the replies of one ticket hold, masked once more."""
    facts: list[str] = []
    steps: list[str] = []
    for reply in replies:
        for line in redact(reply).text.splitlines():
            item = LIST_ITEM.match(line)
            if item:
                _keep(steps, _step(item["text"]) or _sentence(item["text"]))
                continue
            for sentence in SENTENCE_END.split(" ".join(line.split())):
                found = _steps(sentence)
                if found:
                    for step in found:
                        _keep(steps, step)
                elif _is_fact(sentence):
                    _keep(facts, _sentence(sentence))
    return Material(tuple(facts[:MAX_FACTS]), tuple(steps[:MAX_STEPS]))


def draft_body(title: str, materials: Sequence[Material]) -> str:
    """Return a draft as Markdown: question, answer, steps, and a section for what it does not cover.

    The steps come from the first material that has any; one step alone stands with the answer.
    """
    facts: list[str] = []
    for material in materials:
        for fact in material.facts:
            _keep(facts, fact)
    steps = next((material.steps for material in materials if len(material.steps) > 1), ())
    if not steps:
        for material in materials:
            for step in material.steps[:1]:
                _keep(facts, step)
    blocks = [f"# {title}"]
    if facts[:MAX_FACTS]:
        blocks.append(" ".join(facts[:MAX_FACTS]))
    if steps:
        blocks.append("\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)))
    if len(blocks) == 1:
        blocks.append(NO_ANSWER_YET)
    return "\n\n".join([*blocks, f"## {NOT_COVERED}", PLACEHOLDER]) + "\n"


def question_title(text: str) -> str:
    """Return a customer's words as a title: a capital first, a question mark where it asks."""
    text = " ".join(text.split())
    first = text.split(" ", 1)[0].lower().rstrip(",.?")
    if first in QUESTION_STARTS and text[-1:] not in "?.!":
        text += "?"
    return text[:1].upper() + text[1:]


def same(one: str, other: str) -> bool:
    """Whether two texts say the same, by their words."""
    left, right = set(tokenize(one)), set(tokenize(other))
    shorter = min(len(left), len(right))
    return shorter > 0 and len(left & right) >= SAME_WORDS * shorter and len(left ^ right) <= shorter


def _steps(sentence: str) -> list[str]:
    """Return the instructions of a sentence; a part that is none stays with the one before it."""
    found: list[str] = []
    for part in THEN.split(ADDRESS.sub("", sentence)):
        step = _step(part)
        if step:
            found.append(step)
        elif found and part.strip():
            found[-1] = _sentence(f"{found[-1].rstrip('.')}, then {part.strip()}")
    return found


def _step(text: str) -> str:
    """Return the text as a step, empty if it is no instruction."""
    text = text.strip()
    while (shorter := LEAD_IN.sub("", text)) != text:
        text = shorter
    first = re.match(r"[A-Za-z]+", text)
    if first is None or first[0].lower() not in IMPERATIVES or text.endswith("?") or len(text) < 5:
        return ""
    if PERSONAL.search(text):
        return ""
    return _sentence(text)


def _is_fact(sentence: str) -> bool:
    words = sentence.split()
    return len(words) >= 5 and not sentence.endswith(("?", ":", ",")) and not PERSONAL.search(sentence)


def _sentence(text: str) -> str:
    text = ADDRESS.sub("", text).strip().rstrip(",;")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def _keep(found: list[str], text: str) -> None:
    if text and not any(same(text, other) for other in found):
        found.append(text)
