"""An article as the rules look at it: headings, blocks, lines of prose, links. Parsed once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from markdown_it.token import Token

from kb.markdown import Heading, inline_text, outline, parse

CODE_SPAN = re.compile(r"(`+)(?:(?!\1).)*?\1")
HTML_TAG = re.compile(r"<[^<>]{1,500}>")


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: markdown-it's type, its first and last line (from 1) and its plain text."""

    kind: str
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link or picture: where it leads, the words that are shown, and the line of its block (from 1)."""

    target: str
    words: str
    first: int
    last: int
    is_image: bool


class Document:
    """A title and a Markdown body."""

    def __init__(self, title: str, body: str) -> None:
        self.title = title.strip()
        self.body = body
        self.lines = body.split("\n")
        self.tokens: list[Token] = parse(body)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins, in characters; one more entry for the end."""
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line) + 1)
        return starts

    @cached_property
    def headings(self) -> list[Heading]:
        """The headings in their order."""
        return outline(self.body)

    @cached_property
    def blocks(self) -> list[Block]:
        """The top-level blocks in their order."""
        found = []
        for position, token in enumerate(self.tokens):
            if token.level or token.nesting < 0 or token.map is None:
                continue
            kind = token.type.removesuffix("_open")
            text = self._text_of(position)
            found.append(Block(kind, token.map[0] + 1, max(token.map[1], token.map[0] + 1), text))
        return found

    @cached_property
    def links(self) -> list[Link]:
        """Every link and picture."""
        found: list[Link] = []
        for token in self.tokens:
            if token.type != "inline" or token.map is None:
                continue
            first, last = token.map[0] + 1, token.map[1]
            children = token.children or []
            for position, child in enumerate(children):
                if child.type == "image":
                    found.append(Link(str(child.attrGet("src") or ""), inline_text(child), first, last, True))
                elif child.type == "link_open":
                    words = _words_until_close(children, position)
                    found.append(Link(str(child.attrGet("href") or ""), words, first, last, False))
        return found

    def prose(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that a customer reads as words, code and tags blanked out, with their number."""
        seen: set[int] = set()
        for token in self.tokens:
            if token.type != "inline" or token.map is None:
                continue
            for index in range(token.map[0], token.map[1]):
                if index not in seen and index < len(self.lines):
                    seen.add(index)
                    yield index + 1, HTML_TAG.sub(_blank, CODE_SPAN.sub(_blank, self.lines[index]))

    def column_of(self, words: str, first: int, last: int) -> tuple[int, int]:
        """Return line and column (from 1) where ``words`` stand between two lines, else the first line's."""
        for number in range(first, min(last, len(self.lines)) + 1):
            column = self.lines[number - 1].find(words) if words else -1
            if column >= 0:
                return number, column + 1
        return first, 1

    def _text_of(self, position: int) -> str:
        depth, texts = 0, []
        for token in self.tokens[position:]:
            depth += token.nesting
            if token.type == "inline":
                texts.append(inline_text(token))
            if depth <= 0:
                break
        return "\n".join(texts)


def _words_until_close(children: list[Token], position: int) -> str:
    words = []
    for child in children[position + 1 :]:
        if child.type == "link_close":
            break
        words.append(inline_text(child) if child.type == "image" else child.content)
    return "".join(words).strip()


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
