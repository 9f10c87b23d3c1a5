"""A section → its blocks and sentences, with what each of them hangs on. Pure.

A step hangs on the other steps of its list, a point on the line that introduces it, and "It takes two days"
on the sentence before it: none of these says the same alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token as Markup

from kb.markdown import inline_text, parse
from runtime.drafting import wording
from runtime.drafting.agreement import Said

PARAGRAPH, STEPS, POINTS, OTHER = "paragraph", "steps", "points", "other"
KINDS = {
    "paragraph_open": PARAGRAPH,
    "ordered_list_open": STEPS,
    "bullet_list_open": POINTS,
}


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block of Markdown as it stands, with its plain sentences."""

    kind: str
    markdown: str
    sentences: tuple[Sentence, ...]

    @property
    def introduces(self) -> bool:
        """Whether it announces what follows."""
        return self.kind == PARAGRAPH and self.markdown.rstrip(" *_").endswith(":")

    @property
    def restricts(self) -> bool:
        """Whether it says of what stands around it that it does not always hold."""
        return any(wording.RESTRICTING.intersection(sentence.said.forms) for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One cited sentence: ``links`` are the addresses that it leads to.

    ``begins_item``: it is the first of a step or a point, which the list cannot do without.
    """

    said: Said
    links: frozenset[str]
    begins_item: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether its list is not the same without it."""
        return self.begins_item or bool(wording.RESTRICTING.intersection(self.said.forms))

    @property
    def points_back(self) -> bool:
        """Whether it speaks of the sentence before it."""
        return wording.ANAPHOR.match(self.said.text) is not None


def blocks_of(markdown: str) -> list[Block]:
    """Return the top-level blocks in order; all of the text that is not blank is in one of them."""
    lines = markdown.splitlines()
    tokens = parse(markdown)
    found: list[Block] = []
    for position, token in enumerate(tokens):
        if token.level or token.nesting < 0 or token.map is None or token.type == "inline":
            continue
        text = "\n".join(lines[slice(*token.map)]).strip("\n")
        inside = _inside(tokens, position)
        found.append(Block(KINDS.get(token.type, OTHER), text, tuple(_sentences(inside))))
    return found


def _inside(tokens: Sequence[Markup], position: int) -> list[Markup]:
    """Return the tokens of the block that begins at ``position``."""
    depth = 0
    for end in range(position, len(tokens)):
        depth += tokens[end].nesting
        if depth <= 0:
            return list(tokens[position : end + 1])
    return list(tokens[position:])


def _sentences(tokens: Sequence[Markup]) -> Iterator[Sentence]:
    begins_item = False
    for token in tokens:
        begins_item = begins_item or token.type == "list_item_open"
        if token.type == "inline":
            for number, sentence in enumerate(_inline_sentences(token)):
                yield replace(sentence, begins_item=begins_item and number == 0)
            begins_item = False
        elif token.type in ("fence", "code_block"):
            yield from (
                Sentence(Said.of(line), frozenset()) for line in token.content.splitlines() if line.strip()
            )


def _inline_sentences(token: Markup) -> Iterator[Sentence]:
    """Yield the sentences of one run of text; each may lead to any address of the run that stands in it."""
    text = inline_text(token)
    links = {
        (str(child.attrGet("href")), _words_of_link(token.children or [], position))
        for position, child in enumerate(token.children or [])
        if child.type == "link_open"
    }
    for part in wording.SENTENCE_END.split(text):
        if part.strip():
            here = frozenset(href for href, words in links if words and words in part)
            yield Sentence(Said.of(part.strip()), here)


def _words_of_link(children: Sequence[Markup], position: int) -> str:
    words: list[str] = []
    for child in children[position + 1 :]:
        if child.type == "link_close":
            break
        if child.type in ("text", "code_inline"):
            words.append(child.content)
    return " ".join("".join(words).split())
