"""Customers' words on their way into other systems: shown as typed, never as markup, link, image or mention.

Sources: Slack, "Formatting text for app surfaces" (escape &, <, >); CommonMark 0.31, backslash escapes.
"""

from __future__ import annotations

import re
from html import escape

ZERO_WIDTH_SPACE = "\u200b"
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#+!|~$&^])")
LINE_START = re.compile(r"^(\s*)([-=:]|\d+[.)])", re.MULTILINE)
SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20})://")
WWW = re.compile(r"(?i)\b(www)\.")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def slack_text(text: str) -> str:
    """Return the text for Slack's mrkdwn.

    & < > are escaped, so that no <!channel>, <@U…> or <url|label> comes about; a zero-width space behind a
    leading @ or # of a word keeps ``@here`` from being one, and formatting signs from formatting.
    """
    text = CONTROL.sub("", text.replace("\r\n", "\n"))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([@#])(?=\w)", rf"\1{ZERO_WIDTH_SPACE}", text)
    text = re.sub(r"([*_~`])", rf"{ZERO_WIDTH_SPACE}\1{ZERO_WIDTH_SPACE}", text)
    return _no_links(text)


def markdown_text(text: str) -> str:
    """Return the text for a Markdown field, each sign of markup escaped; lines stay lines."""
    text = CONTROL.sub("", text.replace("\r\n", "\n"))
    text = MARKDOWN.sub(r"\\\1", text)
    text = LINE_START.sub(lambda found: found[1] + "".join(_escaped(sign) for sign in found[2]), text)
    text = re.sub(r"@(?=\w)", f"@{ZERO_WIDTH_SPACE}", text)
    return _no_links(text)


def html_text(text: str) -> str:
    """Return the text for an HTML field of a help desk; lines stay lines.

    A zero-width space parts the braces of {{ and {%: help desks fill in placeholders in what agents write.
    """
    text = _no_links(CONTROL.sub("", text.replace("\r\n", "\n")))
    text = re.sub(r"@(?=\w)", f"@{ZERO_WIDTH_SPACE}", text)
    return escape(_no_placeholders(text)).replace("\n", "<br>")


def subject_line(text: str) -> str:
    """Return the text as the subject of a ticket: one line, no placeholder."""
    return _no_placeholders(plain_line(text))


def plain_line(text: str) -> str:
    """Return the text as one line, for a title."""
    return " ".join(CONTROL.sub(" ", text).split())


def _no_placeholders(text: str) -> str:
    return re.sub(r"\{(?=[{%])", f"{{{ZERO_WIDTH_SPACE}", text)


def _no_links(text: str) -> str:
    """Keep addresses readable, and from becoming links that an agent might follow."""
    text = SCHEME.sub(rf"\1:{ZERO_WIDTH_SPACE}//", text)
    return WWW.sub(rf"\1{ZERO_WIDTH_SPACE}.", text)


def _escaped(sign: str) -> str:
    return sign if sign.isdigit() else f"\\{sign}"
