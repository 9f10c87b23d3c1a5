"""Article → citable chunks: one per section, long sections cut between blocks.

A chunk's ``quote`` is a verbatim slice of the Markdown, so a citation is checked by ``quote in markdown``.
Decides what text is searched and cited; not how it is embedded, ranked or who may read it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from markdown_it.token import Token

from kb.markdown import inline_text, parse, plain_text

MAX_WORDS = 180  # with title and heading path in front, about the 256 tokens that the encoder reads
MIN_WORDS = 25  # a shorter rest joins the piece before it
MAX_CHUNKS = 400  # a bound for hostile articles; the rest of such an article is not searched

Kind = Literal["answer", "exclusion", "title"]

# "What this does NOT cover", "Not covered here", "Out of scope", "This guide doesn't include" ...
EXCLUSION_HEADING = re.compile(
    r"\b(?:this|the|these|we|it)\b.{0,30}?\b(?:does|do)(?: not|n['’]t)\s+"
    r"(?:cover|include|address|apply|explain)"
    r"|\bnot covered(?:\s+(?:here|by this|in this|on this)\b.{0,30})?\W*$"
    r"|\bout[- ]of[- ]scope\b|\bbeyond (?:the )?scope\b|\bnot in scope\b|^\W*exclusions?\W*$",
    re.IGNORECASE,
)
SILENT_BLOCKS = frozenset({"inline", "hr"})
NEWLINE = re.compile(r"\r\n?|\n")
WORD = re.compile(r"\S+")
SENTENCE_END = re.compile(r"(?<=[.!?…。])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A citable part of one revision: ``quote`` occurs in its Markdown, ``embed_text`` is searched."""

    ordinal: int
    heading_path: tuple[str, ...]
    anchor: str
    quote: str
    embed_text: str
    kind: Kind
    text_hash: str


@dataclass(slots=True)
class _Section:
    """Top-level blocks under one heading, as (start, end) character spans of the source."""

    path: tuple[str, ...] = ()
    anchor: str = ""
    excluded: bool = False
    blocks: list[tuple[int, int]] = field(default_factory=list)
    items: list[tuple[int, int]] = field(default_factory=list)


def chunk(title: str, markdown: str) -> list[Chunk]:
    """Return the article's chunks in reading order, a title chunk first; none for a blank article."""
    if not markdown.strip():
        return []
    tokens = parse(markdown)
    starts = _line_starts(markdown)
    chunks: list[Chunk] = []

    def add(section: _Section, span: tuple[int, int], kind: Kind, text: str) -> None:
        quote = markdown[slice(*span)].strip()
        if quote and text.strip() and len(chunks) < MAX_CHUNKS:
            digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
            chunks.append(Chunk(len(chunks), section.path, section.anchor, quote, text, kind, digest))

    add(_Section(), _title_span(markdown, tokens, starts), "title", " ".join(title.split()))
    for section in _sections(title, tokens, starts):
        if section.excluded:
            for span in section.items or section.blocks:
                add(section, span, "exclusion", _one_line(markdown[slice(*span)]))
            continue
        prefix = ". ".join(dict.fromkeys((" ".join(title.split()), *section.path)))
        for span in _pieces(markdown, section):
            body = _one_line(markdown[slice(*span)])
            if body:
                add(section, span, "answer", f"{prefix}. {body}" if prefix else body)
    return chunks


def is_exclusion_heading(text: str) -> bool:
    """Tell whether a heading announces what the article does not cover."""
    return bool(EXCLUSION_HEADING.search(text[:200]))


def _sections(title: str, tokens: list[Token], starts: list[int]) -> Iterator[_Section]:
    """Yield the runs of blocks between top-level headings; sub-headings inherit an exclusion."""
    section = _Section()
    stack: list[tuple[int, str, bool]] = []
    for position, token in enumerate(tokens):
        if token.map is None:
            continue
        span = (starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)])
        if token.type == "heading_open" and token.level == 0:
            yield section
            level, text = int(token.tag[1]), inline_text(tokens[position + 1])
            stack = [entry for entry in stack if entry[0] < level]
            excluded = is_exclusion_heading(text) or any(entry[2] for entry in stack)
            stack.append((level, text, excluded))
            path = tuple(heading for depth, heading, _ in stack if depth > 1 or heading != title.strip())
            section = _Section(path, str(token.attrGet("id")), excluded)
        elif token.level == 0 and token.nesting >= 0 and token.type not in SILENT_BLOCKS:
            section.blocks.append(span)
        elif token.type == "list_item_open" and token.level == 1:
            section.items.append(span)
    yield section


def _pieces(markdown: str, section: _Section) -> Iterator[tuple[int, int]]:
    """Yield spans of at most about MAX_WORDS words, cut between blocks, then list items, then sentences."""
    parts = [part for block in section.blocks for part in _parts(markdown, block, section.items)]
    start: int | None = None
    end = words = 0
    for part in parts:
        size = _count(markdown, part)
        if start is not None and words + size > MAX_WORDS and (words >= MIN_WORDS or size >= MAX_WORDS):
            yield start, end
            start = None
        if start is None:
            start, words = part[0], 0
        end, words = part[1], words + size
    if start is not None:
        yield start, end


def _parts(markdown: str, block: tuple[int, int], items: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cut one block that is too long: at its list items, else at lines and sentences, else by words."""
    if _count(markdown, block) <= MAX_WORDS:
        return [block]
    inside = [item for item in items if block[0] <= item[0] and item[1] <= block[1]]
    if len(inside) > 1:
        return [part for item in inside for part in _parts(markdown, item, [])]
    text = markdown[slice(*block)]
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    parts = []
    for left, right in pairwise(cuts):
        words = [match.start() for match in WORD.finditer(text, left, right)]
        bounds = [left, *words[MAX_WORDS::MAX_WORDS], right]
        parts += [(block[0] + a, block[0] + b) for a, b in pairwise(bounds) if a < b]
    return parts


def _title_span(markdown: str, tokens: list[Token], starts: list[int]) -> tuple[int, int]:
    """Return the span of the first heading of level 1, else of the first block, else of the whole text."""
    blocks = [token for token in tokens if token.map and token.level == 0 and token.nesting >= 0]
    headings = [token for token in blocks if token.tag == "h1"]
    for token in headings + blocks:
        if token.map:
            return starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
    return 0, len(markdown)


def _line_starts(markdown: str) -> list[int]:
    return [0, *(match.end() for match in NEWLINE.finditer(markdown)), len(markdown)]


def _count(markdown: str, span: tuple[int, int]) -> int:
    return sum(1 for _ in WORD.finditer(markdown, *span))


def _one_line(markdown: str) -> str:
    return " ".join(plain_text(markdown).split())
