"""An answer as the brand says it, from the cited section alone: its blocks between two stored lines. Pure.

Voice never alters facts: besides opening, closing, heading and source every line of the answer is a line of
the section. What is left out are whole blocks that have nothing to do with the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kb.contracts import SearchHit
from nlp.bm25 import tokenize
from runtime.drafting import wording
from runtime.drafting.contracts import FULL, SOURCE_LINES, Draft, Voice
from runtime.drafting.evidence import OTHER, POINTS, STEPS, Block, blocks_of
from runtime.replies import linked, public

RELATED_RATIO = 0.9  # another article this close to the best one is named too
MAX_RELATED = 2
SHORT_WORDS = 60  # a section up to here is quoted whole
PLAIN_VOICE = Voice()


def answer_reply(
    hits: Sequence[SearchHit], url_of: Callable[[str], str], *, question: str = "", voice: Voice = PLAIN_VOICE
) -> str:
    """Return the part of the best section that answers, in the voice, with where it comes from."""
    blocks = answering_blocks(blocks_of(linked(hits[0].quote, url_of)), question)
    body = "\n\n".join(block.markdown for block in blocks)
    return framed(hits, body, voice, has_steps=any(block.kind == STEPS for block in blocks))


def extractive_draft(
    question: str, hits: Sequence[SearchHit], *, url_of: Callable[[str], str], deadline: float = 0.0
) -> Draft:
    """Return the section's own words in the plain voice; asks nobody."""
    return Draft(answer_reply(hits, url_of, question=question))


def framed(hits: Sequence[SearchHit], body: str, voice: Voice, *, has_steps: bool) -> str:
    """Return the answer's body between what the voice says before and after it, with the source."""
    best = hits[0]
    opening = (voice.opening_steps if has_steps else "") or voice.opening
    related = [hit for hit in hits[1:] if hit.score >= RELATED_RATIO * best.score][:MAX_RELATED]
    lines = [f"{SOURCE_LINES[voice.source_line]} {_source(best)}"]
    if related:
        lines.append("See also: " + ", ".join(_source(hit) for hit in related))
    heading = heading_of(best, voice)
    parts = [opening, f"**{heading}**" if heading else "", body, voice.closing, "\n".join(lines)]
    return "\n\n".join(part for part in parts if part)


def heading_of(hit: SearchHit, voice: Voice) -> str:
    """Return what stands above the answer: it may say what a list below it is a list of."""
    if voice.heading == FULL:
        return " › ".join((hit.title, *hit.heading_path))
    telling = [
        part for part in hit.heading_path if part.strip(" :.").casefold() not in wording.NEUTRAL_HEADINGS
    ]
    return " › ".join(part for part in telling if part.casefold() != hit.title.casefold())


def answering_blocks(blocks: Sequence[Block], question: str) -> list[Block]:
    """Return the blocks from the first to the last that have to do with the question; a short section whole.

    What announces a list stays with it, and what says of a kept block that it does not always hold stays too.
    """
    asked = set(tokenize(question))
    words = sum(len(block.markdown.split()) for block in blocks)
    hit = [bool(asked & set(tokenize(block.markdown))) for block in blocks]
    if not asked or words <= SHORT_WORDS or not any(hit):
        return list(blocks)
    first, last = hit.index(True), len(hit) - 1 - hit[::-1].index(True)
    while first > 0 and (_hangs_on(blocks[first - 1], blocks[first]) or blocks[first - 1].restricts):
        first -= 1
    while last + 1 < len(blocks) and (
        _hangs_on(blocks[last], blocks[last + 1]) or blocks[last + 1].restricts
    ):
        last += 1
    return list(blocks[first : last + 1])


def _hangs_on(block: Block, following: Block) -> bool:
    """Tell whether two neighbours must not be parted."""
    points_back = bool(following.sentences) and following.sentences[0].points_back
    lists = following.kind in (STEPS, POINTS, OTHER)
    return block.introduces or points_back or (lists and block.kind in (STEPS, POINTS))


def _source(hit: SearchHit) -> str:
    """Name the article, with a link where its address holds outside of our own pages."""
    url = public(hit.url)
    return f"[{hit.title}]({url})" if url else hit.title
