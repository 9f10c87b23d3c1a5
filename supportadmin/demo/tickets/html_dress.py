"""Wrap a plain message in the HTML that mail programs make of it."""

from __future__ import annotations

import html
import re
from random import Random

LINK = re.compile(r"https://[^\s<]+[\w/]")


def as_html(random: Random, text: str) -> str:
    """Return ``text`` as HTML in the manner of one of three mail programs; quotes become block quotes."""
    plain, quoted = _split_quote(text)
    maker = random.choice((_gmail, _outlook, _plain))
    return maker(plain) + (f'<br><blockquote type="cite">{_lines(quoted)}</blockquote>' if quoted else "")


def _split_quote(text: str) -> tuple[str, str]:
    lines = text.splitlines()
    quoted = [line.removeprefix("> ").removeprefix(">") for line in lines if line.startswith(">")]
    return "\n".join(line for line in lines if not line.startswith(">")).strip(), "\n".join(quoted)


def _gmail(text: str) -> str:
    return f'<div dir="ltr">{_lines(text)}</div>'


def _outlook(text: str) -> str:
    paragraphs = (part for part in text.split("\n\n") if part)
    return (
        "<html><body>"
        + "".join(f'<p class="MsoNormal">{_lines(p)}<o:p></o:p></p>' for p in paragraphs)
        + "</body></html>"
    )


def _plain(text: str) -> str:
    return "".join(f"<p>{_lines(part)}</p>" for part in text.split("\n\n") if part)


def _lines(text: str) -> str:
    escaped = html.escape(text, quote=False).replace("  ", " &nbsp;").replace("\n", "<br>\n")
    return LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', escaped)
