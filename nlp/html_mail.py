"""Carry the structure of an HTML mail over into plain text: quotes become ``> `` lines, signatures ``--``.

Tags and entities themselves are ``nlp.cleaning``'s business; this only keeps what it would lose.
"""

from __future__ import annotations

import re

from nlp.cleaning import BLANK_LINES, MAX_CHARACTERS, clean

OPEN, CLOSE = "\N{SYMBOL FOR START OF TEXT}", "\N{SYMBOL FOR END OF TEXT}"
MAX_DEPTH = 5
QUOTE_START = re.compile(r"<blockquote\b[^<>]{0,1000}>", re.IGNORECASE)
QUOTE_END = re.compile(r"</blockquote\s{0,10}>", re.IGNORECASE)
SIGNATURE = re.compile(
    r"<(?:div|p|span|table|section)\b[^<>]{0,500}?\b(?:class|id|"
    r"data-smartmail)\s?=\s?[\"']?(?:[^\"'<>]{0,200}[ _])?"
    r"(?:gmail_signature|moz-signature|ymail_signature|protonmail_signature_block|Signature|email-signature)"
    r"[\"' >]",
    re.IGNORECASE,
)


def html_to_text(body: str) -> str:
    """Return the readable text of an HTML message, its quotes marked as in plain mail."""
    body = body[:MAX_CHARACTERS].replace(OPEN, "").replace(CLOSE, "")
    body = SIGNATURE.sub(lambda match: f"<br>--<br>{match.group()}", body)
    body = QUOTE_END.sub(f"<br>{CLOSE}<br>", QUOTE_START.sub(f"<br>{OPEN}<br>", body))
    depth, lines = 0, []
    for line in clean(f"<div>{body}</div>").split("\n"):
        depth += line.count(OPEN) - line.count(CLOSE)
        line = line.replace(OPEN, "").replace(CLOSE, "").strip()
        lines.append(f"{'> ' * min(max(0, depth), MAX_DEPTH)}{line}".rstrip() if line else "")
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
