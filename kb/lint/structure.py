"""Rules about how an article is built: headings, steps, question and answer, scope, length."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.chunking import is_exclusion_heading
from kb.lint import phrases
from kb.lint.contracts import Context, Finding, Fix
from kb.lint.document import Block, Document

ATX = re.compile(r"^( {0,3})(#{1,6})(?=\s|$)")
BULLET = re.compile(r"^( {0,3})[-*+](\s+)", re.MULTILINE)
MAX_SECTION_WORDS, MAX_SENTENCE_WORDS = 250, 40
FEWEST_STEPS = 2


def one_topic(document: Document, context: Context) -> Iterator[Finding]:
    """H001: exactly one H1, the topic."""
    topics = [heading for heading in document.headings if heading.level == 1]
    if not topics:
        fix = Fix("Put the title in front", 0, 0, f"# {document.title}\n\n") if document.title else None
        yield Finding("H001", "error", 1, 1, "Begin with the topic as the one H1 (“# …”).", fix)
    for heading in topics[1:]:
        message = "A second H1: one article answers one question. Make it an H2, or an article of its own."
        yield Finding("H001", "error", heading.line, 1, message, _relevel(document, heading.line, 2))


def heading_order(document: Document, context: Context) -> Iterator[Finding]:
    """H002: no level is left out."""
    above = 0
    for heading in document.headings:
        if above and heading.level > above + 1:
            message = f"H{heading.level} stands under H{above}: use H{above + 1}."
            fix = _relevel(document, heading.line, above + 1)
            yield Finding("H002", "error", heading.line, 1, message, fix)
            above += 1
        else:
            above = heading.level


def steps_in_prose(document: Document, context: Context) -> Iterator[Finding]:
    """S001: what is done one after the other is a numbered list."""
    for block in document.blocks:
        if block.kind != "paragraph":
            continue
        actions = len(phrases.ACTION.findall(block.text))
        is_sequence = bool(phrases.SEQUENCE.search(block.text))
        if actions > FEWEST_STEPS or (actions == FEWEST_STEPS and is_sequence):
            message = f"{actions} steps in one paragraph: write a numbered list (“1. …”), one step each."
            yield Finding("S001", "warning", block.first, 1, message)


def steps_as_bullets(document: Document, context: Context) -> Iterator[Finding]:
    """S002: steps are numbered, so that an answer can say which comes next."""
    for block in document.blocks:
        if block.kind != "bullet_list":
            continue
        source = "\n".join(document.lines[block.first - 1 : block.last])
        items = [line for line in source.split("\n") if BULLET.match(line)]
        steps = sum(bool(phrases.STARTS_WITH_ACTION.match(BULLET.sub("", item))) for item in items)
        if steps < FEWEST_STEPS or steps < len(items):
            continue
        fixed = _numbered(source)
        start = document.starts[block.first - 1]
        message = "Steps with bullets: number them, so that an answer can name the next one."
        is_flat = all(BULLET.match(line) or not line.strip() for line in source.split("\n"))
        fix = Fix("Number the steps", start, start + len(source), fixed) if is_flat else None
        yield Finding("S002", "warning", block.first, 1, message, fix)


def question_as_title(document: Document, context: Context) -> Iterator[Finding]:
    """Q001: the title is the question that customers ask."""
    if not phrases.QUESTION.search(document.title):
        message = "Make the title the question that customers ask, such as “How do I …?”."
        yield Finding("Q001", "warning", 0, 1, message)


def answer_first(document: Document, context: Context) -> Iterator[Finding]:
    """Q002: what follows the title is the answer: a sentence or numbered steps."""
    after = _after_topic(document)
    if after is None:
        line = next((heading.line for heading in document.headings if heading.level == 1), 1)
        yield Finding("Q002", "error", line, 1, "Nothing follows the topic: write the answer there.")
    elif after.kind == "heading":
        message = "A heading follows the topic: answer first, in a sentence or as numbered steps."
        yield Finding("Q002", "error", after.first, 1, message)
    elif after.kind == "paragraph" and phrases.FILLER.match(after.text):
        message = "The first block says what the article is about. Let it be the answer."
        yield Finding("Q002", "warning", after.first, 1, message)
    elif after.kind not in ("paragraph", "ordered_list", "bullet_list") or not after.text.strip():
        message = "The first block is no text: let it be the answer, in a sentence or as numbered steps."
        yield Finding("Q002", "warning", after.first, 1, message)


def scope(document: Document, context: Context) -> Iterator[Finding]:
    """X001: the article says what it does not cover."""
    if not any(is_exclusion_heading(heading.text) for heading in document.headings):
        message = "Say what this does NOT cover, under a heading of that name: it keeps the agent honest."
        yield Finding("X001", "warning", len(document.lines), 1, message)


def length(document: Document, context: Context) -> Iterator[Finding]:
    """N001, N002: sections and sentences that are too long to be quoted."""
    words, first = 0, 1
    for block in [*document.blocks, Block("heading", len(document.lines) + 1, 0, "")]:
        if block.kind == "heading":
            if words > MAX_SECTION_WORDS:
                message = f"{words} words in one section: cut it by H2 or H3 into what is quoted by itself."
                yield Finding("N001", "warning", first, 1, message)
            words, first = 0, block.first
        else:
            words += len(block.text.split())
    for block in document.blocks:
        if block.kind != "paragraph":
            continue
        for sentence in re.split(r"(?<=[.!?])\s+", block.text):
            count = len(sentence.split())
            if count > MAX_SENTENCE_WORDS:
                line, column = document.column_of(sentence[:30], block.first, block.last)
                message = f"A sentence of {count} words: make it two."
                yield Finding("N002", "info", line, column, message)


def _numbered(source: str) -> str:
    """Return the lines of a flat list with numbers in place of bullets."""
    lines, number = [], 0
    for line in source.split("\n"):
        match = BULLET.match(line)
        if match is not None:
            number += 1
            line = f"{match[1]}{number}.{match[2]}{line[match.end() :]}"
        lines.append(line)
    return "\n".join(lines)


def _after_topic(document: Document) -> Block | None:
    """Return the block that follows the first H1; without one, the first block."""
    topics = [heading.line for heading in document.headings if heading.level == 1]
    rest = [block for block in document.blocks if not topics or block.first > topics[0]]
    return rest[0] if rest else None


def _relevel(document: Document, line: int, level: int) -> Fix | None:
    """Return the fix that gives a heading written with # another level."""
    match = ATX.match(document.lines[line - 1])
    if match is None:
        return None
    start = document.starts[line - 1] + match.start(2)
    return Fix(f"Make it H{level}", start, start + len(match[2]), "#" * level)
