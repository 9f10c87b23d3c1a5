"""Article Markdown → token tree, safe HTML, outline and plain text.

One parser and one sanitiser for every place that shows or reads an article, so that the anchor a citation
points to is the id that the page carries. Decides nothing about chunks, review or audiences.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from nlp.cleaning import clean

MAX_ARTICLE_BYTES = 100_000  # with the next two, the worst Markdown found renders in under a second
MAX_ARTICLE_LINES = 5_000
MAX_NESTING = 10  # five lists inside each other; what is deeper shows as text
MAX_HTML_DEPTH = 100  # the sanitiser's time grows with the square of the depth; deeper HTML shows as text

TAGS = frozenset(
    """
    a blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s
    samp small span strong sub sup table tbody td tfoot th thead tr ul b u var
    """.split()  # noqa: SIM905 (a word list reads better)
)
HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    **{tag: {"id"} for tag in HEADING_TAGS},
}
URL_SCHEMES = frozenset({"http", "https", "mailto"})
INVISIBLE_IN_URL = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]")
FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]{1,60}\]:?")
HTML_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,30})", re.IGNORECASE)
CLOSED_BY_THE_NEXT = frozenset({"p", "li", "td", "th", "tr", "dd", "dt", "br", "hr", "img", "wbr", "col"})
NOT_IN_SLUG = re.compile(r"[^\w\- ]")

_parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
_text_only_parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING, "html": False}).enable(
    ["table", "strikethrough"]
)


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: ``level`` 1–6, plain ``text``, unique ``anchor`` and source ``line``, counted from 1."""

    level: int
    text: str
    anchor: str
    line: int


def parse(markdown: str, parser: MarkdownIt = _parser) -> list[Token]:
    """Return markdown-it's flat token list; every heading carries its unique anchor as attribute ``id``."""
    tokens = parser.parse(markdown)
    used: dict[str, int] = {}
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _unique(slug(inline_text(tokens[position + 1])), used))
    return tokens


def render(markdown: str) -> str:
    """Return sanitised HTML without active content; raise ValueError for an article that is too large."""
    problem = size_problem(markdown)
    if problem:
        raise ValueError(problem)
    tokens = parse(markdown)
    markup = _parser.renderer.render(tokens, _parser.options, {})
    if is_deep(markup):
        tokens = parse(markdown, _text_only_parser)
        markup = _text_only_parser.renderer.render(tokens, _text_only_parser.options, {})
    anchors = {str(token.attrGet("id")) for token in tokens if token.type == "heading_open"}

    def keep(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return value if _is_safe_link(value) else None
        if attribute == "src":
            return value if _is_local(value) else None
        if attribute == "id":  # ids of raw HTML could shadow names that a page's scripts look up
            return value if value in anchors else None
        return value

    return nh3.clean(
        markup,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=keep,
        url_schemes=set(URL_SCHEMES),
        link_rel="nofollow noopener noreferrer",
    )


def size_problem(markdown: str) -> str:
    """Return why ``markdown`` is too large for an article, or nothing."""
    if len(markdown.encode("utf-8", "replace")) > MAX_ARTICLE_BYTES:
        return f"An article may have at most {MAX_ARTICLE_BYTES} bytes."
    if len(markdown.splitlines()) > MAX_ARTICLE_LINES:
        return f"An article may have at most {MAX_ARTICLE_LINES} lines."
    return ""


def outline(markdown: str) -> list[Heading]:
    """Return the headings in document order, with the anchors that ``render`` writes as ids."""
    tokens = parse(markdown)
    return [
        Heading(
            level=int(token.tag[1]),
            text=inline_text(tokens[position + 1]),
            anchor=str(token.attrGet("id")),
            line=(token.map[0] if token.map else 0) + 1,
        )
        for position, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def plain_text(markdown: str) -> str:
    """Return the words a reader sees, one block a line, without markup, link targets or image files."""
    return tokens_text(_parser.parse(markdown))


def tokens_text(tokens: Iterable[Token]) -> str:
    """Return the plain text of block tokens, one block a line."""
    lines: list[str] = []
    for token in tokens:
        if token.type == "inline":
            lines.append(inline_text(token))
        elif token.type in ("fence", "code_block"):
            lines.append(token.content.strip())
        elif token.type == "html_block":
            lines.append(_html_text(token.content))
    return "\n".join(line for line in lines if line)


def inline_text(token: Token) -> str:
    """Return the plain text of one inline token; pictures give their alternative text."""
    parts = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "image":
            parts.append(inline_text(child))
    return " ".join(FOOTNOTE_MARK.sub(" ", "".join(parts)).split())


def slug(text: str) -> str:
    """Return an anchor for a heading in GitHub's manner: lower case, spaces to hyphens, no punctuation."""
    kept = NOT_IN_SLUG.sub("", unicodedata.normalize("NFKC", text).lower())
    return "-".join(kept.split())[:80].strip("-") or "section"


def _unique(base: str, used: dict[str, int]) -> str:
    """Return ``base``, or ``base-n`` with the next free n; amortised constant time per heading."""
    candidate = base
    while candidate in used:
        used[base] += 1
        candidate = f"{base}-{used[base]}"
    used[candidate] = 0
    return candidate


def _is_local(url: str) -> bool:
    """Tell whether ``url`` stays on this host: nothing like a scheme, no ``//host`` in any spelling."""
    seen = INVISIBLE_IN_URL.sub("", html.unescape(url)).replace("\\", "/")
    return not seen.startswith("//") and ":" not in re.split(r"[/?#]", seen, maxsplit=1)[0]


def _is_safe_link(url: str) -> bool:
    seen = INVISIBLE_IN_URL.sub("", html.unescape(url)).lower()
    return _is_local(url) or seen.startswith(tuple(f"{scheme}:" for scheme in URL_SCHEMES))


def is_deep(markup: str) -> bool:
    """Tell whether more than MAX_HTML_DEPTH elements stand open at once."""
    unclosed: Counter[str] = Counter()
    depth = 0
    for closing, name in HTML_TAG.findall(markup):
        tag = name.lower()
        if tag in CLOSED_BY_THE_NEXT or (closing and not unclosed[tag]):
            continue
        change = -1 if closing else 1
        unclosed[tag] += change
        depth += change
        if depth > MAX_HTML_DEPTH:
            return True
    return False


def _html_text(markup: str) -> str:
    return " ".join(clean(markup).split())
