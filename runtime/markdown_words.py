"""Markdown as the words that it says, line by line, for places that show text only. Pure; makes no HTML."""

from __future__ import annotations

import re

_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,500}\)")
_MARKS = re.compile(r"\*\*|__|`|^#{1,6}\s+|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)", re.MULTILINE)


def markdown_words(markdown: str) -> str:
    """Return the text without marks of emphasis, headings and code; of a link its words stay."""
    return _MARKS.sub("", _LINK.sub(r"\1", markdown)).strip()
