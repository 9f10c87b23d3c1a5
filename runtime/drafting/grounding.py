"""A language model's text → what of it the cited section says, and what was dropped and why. Pure.

Each sentence must agree with a cited one (runtime.drafting.agreement) or, clause by clause, with several in
their order. Then what hangs together stays together: a list is kept whole and in its order or not at all,
a point needs the line that introduces it, and "It …" the sentence that it speaks of. Links must be those of
the cited sentence; pictures, HTML and characters that nobody sees are never kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from markdown_it.token import Token as Markup

from kb.markdown import inline_text, parse
from nlp.bm25 import tokenize
from runtime.drafting import wording
from runtime.drafting.agreement import Said, agrees, parts_of
from runtime.drafting.contracts import Dropped
from runtime.drafting.evidence import POINTS, STEPS, Block, Sentence

MAX_SENTENCES = 80
MAX_CHARACTERS = 500  # of a sentence
MARKER = re.compile(r"^\s{0,6}(?P<marker>[-*+•]|\d{1,3}[.)])\s+(?P<rest>\S.*)$")
TAG = re.compile(r"<[a-z/!?]", re.IGNORECASE)
HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Mn", "Me"})
INLINE = frozenset(
    "text softbreak strong_open strong_close em_open em_close code_inline link_open link_close".split()  # noqa: SIM905
)
HIDDEN_SIGNS, MARKUP, LINK = "hidden_characters", "markup", "foreign_link"
UNSUPPORTED, TOO_LONG, TOO_MANY = "not_supported", "too_long", "too_many_sentences"
INCOMPLETE, NO_INTRO, NO_BEFORE, NO_LIST = (
    "list_incomplete",
    "introduction_missing",
    "reference_missing",
    "list_missing",
)
WHYS = {
    HIDDEN_SIGNS: "holds characters that nobody sees",
    MARKUP: "holds a picture, HTML or other markup",
    LINK: "leads where the cited sentence does not",
    UNSUPPORTED: "no cited sentence says it",
    TOO_LONG: "is too long to be checked",
    TOO_MANY: "is one sentence too many",
    INCOMPLETE: "is part of a list that was not kept whole and in order",
    NO_INTRO: "is a point without the line that introduces it",
    NO_BEFORE: "speaks of a sentence that was not kept before it",
    NO_LIST: "announces a list that was not kept",
}


@dataclass(frozen=True, slots=True)
class Cited:
    """One sentence of the section with its place: its block, and whether that is a list."""

    place: int
    block: int
    in_list: bool
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence of the model: the line that it stands in, its Markdown, and the places that say it."""

    line: int
    marker: str
    markdown: str
    places: tuple[int, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Grounded:
    """What is kept as Markdown, and what was dropped. ``places`` are the cited sentences that are said."""

    text: str
    dropped: tuple[Dropped, ...] = ()
    places: frozenset[int] = field(default_factory=frozenset)
    has_steps: bool = False


def grounded(text: str, blocks: Sequence[Block]) -> Grounded:
    """Return what of the model's ``text`` the section's ``blocks`` say."""
    cited = _cited(blocks)
    units: list[Unit] = []
    following = 0
    for unit in _units(text):
        units.append(_checked(unit, cited, following))
        following = units[-1].places[-1] + 1 if units[-1].places else following
    units = _held_together(units, cited, blocks)
    places = frozenset(place for unit in units if not unit.why for place in unit.places)
    dropped = tuple(Dropped(unit.markdown.strip(), unit.why) for unit in units if unit.why)
    has_steps = any(blocks[cited[place].block].kind == STEPS for place in places)
    return Grounded(_written([unit for unit in units if not unit.why]), dropped, places, has_steps)


def is_supported(sentence: str, blocks: Sequence[Block]) -> bool:
    """Tell whether one sentence by itself is kept, apart from what it hangs on."""
    cited = _cited(blocks)
    units = [_checked(unit, cited, 0) for unit in _units(sentence)]
    return bool(units) and not any(unit.why for unit in units)


def answering_place(question: str, blocks: Sequence[Block]) -> int | None:
    """Return the cited sentence that has most in common with the question; None where none has anything."""
    asked = set(tokenize(question))
    texts = [sentence.said.text for block in blocks for sentence in block.sentences]
    common = [len(asked & set(tokenize(text))) for text in texts]
    best = max(common, default=0)
    return common.index(best) if best else None


def _cited(blocks: Sequence[Block]) -> list[Cited]:
    found = [
        (number, block.kind in (STEPS, POINTS), sentence)
        for number, block in enumerate(blocks)
        for sentence in block.sentences
    ]
    return [Cited(place, *one) for place, one in enumerate(found)]


def _units(text: str) -> list[Unit]:
    found: list[Unit] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
        if not line.strip():
            continue
        match = MARKER.match(line)
        marker, rest = (match["marker"], match["rest"]) if match else ("", line.strip())
        for part in wording.SENTENCE_END.split(rest):
            if part.strip():
                found.append(Unit(number, marker, part.strip()))
                marker = marker and " "  # the rest of the same point
    return [unit if at < MAX_SENTENCES else replace(unit, why=TOO_MANY) for at, unit in enumerate(found)]


def _checked(unit: Unit, cited: Sequence[Cited], following: int) -> Unit:
    """Find the places that say it; of equal ones the first from ``following`` on."""
    if unit.why:
        return unit
    if len(unit.markdown) > MAX_CHARACTERS:
        return replace(unit, why=TOO_LONG)
    if any(unicodedata.category(sign) in HIDDEN for sign in unit.markdown):
        return replace(unit, why=HIDDEN_SIGNS)
    inline = _inline(unit.markdown)
    if inline is None:
        return replace(unit, why=MARKUP)
    plain = inline_text(inline)
    links = {str(child.attrGet("href")) for child in inline.children or [] if child.type == "link_open"}
    places = _places(plain, cited, following)
    if not places:
        return replace(unit, why=UNSUPPORTED)
    if not links <= {link for place in places for link in cited[place].sentence.links}:
        return replace(unit, why=LINK)
    return replace(unit, places=places)


def _inline(markdown: str) -> Markup | None:
    """Return the sentence as one run of plain Markdown, or None where it is something else."""
    tokens = parse(markdown)
    if [token.type for token in tokens] != ["paragraph_open", "inline", "paragraph_close"]:
        return None
    children = tokens[1].children or []
    like_html = any(child.type == "text" and TAG.search(child.content) for child in children)
    return None if like_html or not {child.type for child in children} <= INLINE else tokens[1]


def _places(plain: str, cited: Sequence[Cited], following: int) -> tuple[int, ...]:
    """Return the cited sentences that say it: one, or several in their order for as many clauses."""
    whole = _place(plain, cited, following)
    whole = _place(plain, cited, 0) if whole is None else whole
    if whole is not None:
        return (whole,)
    found: list[int] = []
    for part in parts_of(plain):
        place = _place(part, cited, found[-1] + 1 if found else 0)
        if place is None:
            return ()
        found.append(place)
    if wording.THEN.search(plain) and not all(cited[place].in_list for place in found):
        return ()
    return tuple(found)


def _place(plain: str, cited: Sequence[Cited], first: int) -> int | None:
    said = Said.of(plain)
    return next(
        (one.place for one in cited[first:] if agrees(said, one.sentence.said, whole=one.in_list)), None
    )


def _held_together(units: list[Unit], cited: Sequence[Cited], blocks: Sequence[Block]) -> list[Unit]:
    """Drop what is not true without something that is missing, until nothing more has to go."""
    while True:
        dropped = False
        for check in (_lists, _introductions, _references):
            whys = check(units, cited, blocks)
            dropped = dropped or bool(whys)
            units = [replace(unit, why=whys.get(at, unit.why)) for at, unit in enumerate(units)]
        if not dropped:
            return units


def _kept(units: Sequence[Unit]) -> list[tuple[int, Unit]]:
    return [(at, unit) for at, unit in enumerate(units) if not unit.why]


def _lists(units: Sequence[Unit], cited: Sequence[Cited], blocks: Sequence[Block]) -> dict[int, str]:
    """Find the sentences of lists that are not there whole, once, and in their order."""
    whys: dict[int, str] = {}
    for number, block in enumerate(blocks):
        if block.kind not in (STEPS, POINTS):
            continue
        needed = {one.place for one in cited if one.block == number and one.sentence.is_needed}
        holders = [
            at for at, unit in _kept(units) if any(cited[place].block == number for place in unit.places)
        ]
        said = [place for at in holders for place in units[at].places if cited[place].block == number]
        if holders and (said != sorted(set(said)) or not needed <= set(said)):
            whys |= dict.fromkeys(holders, INCOMPLETE)
    return whys


def _introductions(units: Sequence[Unit], cited: Sequence[Cited], blocks: Sequence[Block]) -> dict[int, str]:
    """Find points that stand behind another line than theirs, and introductions without their list."""
    whys: dict[int, str] = {}
    kept = _kept(units)
    before: int | None = None  # the block of the sentence before
    for at, unit in kept:
        for place in unit.places:
            block = cited[place].block
            begins = block != before and blocks[block].kind in (STEPS, POINTS)
            introduced = block > 0 and blocks[block - 1].introduces
            after_a_list = before is not None and blocks[before].kind in (STEPS, POINTS)
            if begins and before != block - 1 and (introduced or after_a_list):
                whys[at] = NO_INTRO
            before = block
    said = {cited[place].block for _, unit in kept for place in unit.places}
    for number, block_said in enumerate(blocks[:-1]):
        if block_said.introduces and number + 1 not in said:
            last = [one.place for one in cited if one.block == number][-1:]
            whys |= {at: NO_LIST for at, unit in kept if last and last[0] in unit.places}
    return whys


def _references(units: Sequence[Unit], cited: Sequence[Cited], blocks: Sequence[Block]) -> dict[int, str]:
    """Find sentences that speak of the one before them, which is not there."""
    whys: dict[int, str] = {}
    said_before: int | None = None
    for at, unit in _kept(units):
        for place in unit.places:
            if cited[place].sentence.points_back and place and said_before != place - 1:
                whys[at] = NO_BEFORE
            said_before = place
    return whys


def _written(units: Sequence[Unit]) -> str:
    """Return the kept sentences as the model had laid them out; steps are numbered anew."""
    lines: list[tuple[int, str, str]] = []
    for unit in units:
        if lines and lines[-1][0] == unit.line:
            number, marker, text = lines[-1]
            lines[-1] = (number, marker, f"{text} {unit.markdown}")
        else:
            lines.append((unit.line, unit.marker.strip(), unit.markdown))
    written: list[str] = []
    count = 0
    was_list = False
    for _, marker, text in lines:
        count = count + 1 if marker[:1].isdigit() else 0
        shown = f"{count}. {text}" if count else f"- {text}" if marker else text
        if written and not (marker and was_list and lines):
            written.append("")
        written.append(shown)
        was_list = bool(marker)
    return "\n".join(written)
