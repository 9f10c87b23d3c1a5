"""Message normalisation: repair encoding, HTML to text, drop what nobody sees, settle white space.

Decides nothing about personal data (``nlp.redaction``) or about which part of a thread is the message.
"""

from __future__ import annotations

import html
import re
import unicodedata

import ftfy
import nh3

MAX_CHARACTERS = 200_000  # a longer message is cut: nobody reads it, and every step below stays fast

BLOCKS = (
    "address|article|aside|blockquote|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|"
    "form|h[1-6]|header|hgroup|li|listing|main|menu|nav|ol|p|pre|search|section|summary|table|tbody|tfoot|thead|"
    "tr|ul|xmp"
)
MARKUP = re.compile(
    rf"<(?:!doctype|!--|/?(?:{BLOCKS}|html|head|body|br|span|a|b|i|u|strong|em|td|th|code|img|font|hr|script|style|"
    r"svg|iframe|input|meta|link)\b)",
    re.IGNORECASE,
)
BLOCK_START = re.compile(rf"<(?:{BLOCKS})\b[^<>]{{0,1000}}>", re.IGNORECASE)  # deep nesting would cost n²
BLOCK_END = re.compile(rf"<(?:br|hr|/(?:{BLOCKS}))\b[^<>]{{0,1000}}>", re.IGNORECASE)
CELL_END = re.compile(r"</t[dh]\b[^<>]{0,200}>", re.IGNORECASE)
OTHER_SPACES = re.compile(r"[^\S\n]+")
BLANK_LINES = re.compile(r"\n\s*\n\s*")
FORMAT_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # controls, zero-width, bidi, tags, surrogates
ASCII_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), 127))


def clean(text: str) -> str:
    """Return readable plain text in NFC, lines kept, at most one blank line in a row; idempotent on such."""
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    if MARKUP.search(text):
        text = _without_markup(text)
    text = BLANK_LINES.sub("\n\n", _visible(text))
    if not text.isascii() or "&" in text:  # else there is nothing to repair
        text = ftfy.fix_text(text, normalization="NFC")
        text = unicodedata.normalize("NFC", _visible(text))
    text = OTHER_SPACES.sub(" ", text)
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", lines).strip()


def _without_markup(text: str) -> str:
    """Turn HTML into text: blocks and breaks end lines, table cells end words, scripts and styles vanish."""
    text = BLOCK_END.sub("\n", BLOCK_START.sub("", text))
    text = CELL_END.sub(" ", text)
    return html.unescape(nh3.clean(text, tags=set(), clean_content_tags={"script", "style", "head", "svg"}))


def _visible(text: str) -> str:
    """Drop control, zero-width, bidirectional, tag and unassigned characters; keep line ends and tabs."""
    if text.isascii():
        return text.translate(ASCII_CONTROLS)
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in FORMAT_CATEGORIES)
