"""A help centre's HTML → Markdown that holds no active content.

The sanitiser runs first, so whatever the converter does, scripts, styles and event handlers are gone. Pure.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import nh3
from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag
from markdownify import ATX, BACKSLASH, MarkdownConverter

from core.errors import InvalidInput
from kb.markdown import TAGS, is_deep

# A text that is an address and nothing else is still a text.
warnings.filterwarnings("ignore", category=MarkupResemblesLocatorWarning)

MAX_HTML_CHARACTERS = 1_000_000
FRAMES = ("iframe", "embed", "video", "audio", "source")
DROPPED = {"script", "style", "noscript", "template", "object", "svg", "math", "form", "textarea", "select"}
KEPT = set(TAGS) | {"div", "section", "article", "figure", "figcaption", "strike", "summary", "details"}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "code": {"class"}, "pre": {"class"}}
SCHEMES = {"http", "https", "mailto"}
# Backslash, code, emphasis, the beginning of a link, of raw HTML, of an entity, of a strike-through.
MARKUP = re.compile(r"[\\`*\[\]<]|(?<!\w)_|_(?!\w)|&(?=#?\w{1,30};)|~(?=~)")
LINE_BEGIN = re.compile(r"^[ \t]*(?:\d{1,9}(?=[.)](?:\s|$))|(?=[-+>#=]+(?:\s|$)|>))")
INLINE = frozenset(
    "a abbr b cite code del em i ins kbd mark q s samp small span strong sub sup u var".split()  # noqa: SIM905
)
LANGUAGE = re.compile(r"(?:language|lang|brush)[-:]\s*([a-z0-9+#]{1,20})", re.IGNORECASE)
BLANK_LINES = re.compile(r"\n{3,}")
TRAILING = re.compile(r"(?<! ) $", re.MULTILINE)
BLOCKS_IN_CELL = ("table", "ul", "ol", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr")


class _Converter(MarkdownConverter):
    """markdownify, with angle brackets of plain text escaped, and tables that stay tables."""

    _begins_line = False

    def process_text(self, el: Any, parent_tags: set[str] | None = None) -> str:
        """Note whether the text begins a line: there a dash or a number would begin a list."""
        self._begins_line = _begins_line(el)
        return str(super().process_text(el, parent_tags))  # type: ignore[misc]  # its class is not typed

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Escape what Markdown would read as markup, and no more: bots quote the text as it stands here."""
        escaped = MARKUP.sub(r"\\\g<0>", text or "")
        if self._begins_line:
            escaped = LINE_BEGIN.sub(r"\g<0>\\", escaped)
        return escaped.replace("|", "\\|") if parent_tags & {"td", "th"} else escaped


def html_to_markdown(
    markup: str, *, base_url: str = "", article_link: Callable[[str], str] = lambda address: ""
) -> str:
    """Return the Markdown of an article's HTML; relative addresses count from ``base_url``.

    ``article_link`` returns what stands for a link to another article, "" for any other address. Raises
    InvalidInput for what is too large or nested too deeply.
    """
    if len(markup) > MAX_HTML_CHARACTERS:
        raise InvalidInput(f"The text has more than {MAX_HTML_CHARACTERS} characters.", code="too_long")
    markup = markup.replace("\x00", "")
    if is_deep(markup):
        raise InvalidInput("The HTML is nested too deeply.", code="too_deep")
    safe = nh3.clean(
        _frames_as_links(markup),
        tags=KEPT,
        clean_content_tags=DROPPED,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel=None,
        strip_comments=True,
    )
    soup = BeautifulSoup(safe, "html.parser")
    _flatten_cells(soup)
    _address(soup, base_url, article_link)
    converter = _Converter(
        heading_style=ATX,
        bullets="-",
        newline_style=BACKSLASH,
        code_language_callback=_language,
        table_infer_header=True,
        keep_inline_images_in=["td", "th", "a", "h1", "h2", "h3", "h4", "h5", "h6"],
    )
    text = str(converter.convert_soup(soup)).replace("\xa0", " ")
    return BLANK_LINES.sub("\n\n", TRAILING.sub("", text)).strip()


def _begins_line(element: Any) -> bool:
    """Tell whether nothing stands before the text on its line."""
    while element is not None:
        before = element.previous_sibling
        while before is not None and not isinstance(before, Tag) and not before.strip():
            before = before.previous_sibling
        if before is not None:
            return isinstance(before, Tag) and before.name not in INLINE and before.name != "img"
        element = element.parent
        if element is None or element.name not in INLINE:
            return True
    return True


def _frames_as_links(markup: str) -> str:
    """Put a link in the place of each embedded video or page, which no sanitiser lets through."""
    if not any(f"<{name}" in markup.lower() for name in FRAMES):
        return markup
    soup = BeautifulSoup(markup, "html.parser")
    for frame in soup.find_all(FRAMES):
        address = str(frame.get("src") or "")
        address = f"https:{address}" if address.startswith("//") else address
        if urlsplit_safe(address)[0] in ("http", "https"):
            link = soup.new_tag("a", href=address)
            link.string = str(frame.get("title") or "").strip() or urlsplit_safe(address)[1]
            frame.insert_before(link)
        frame.unwrap()  # an unclosed one holds the rest of the article
    return str(soup)


def _flatten_cells(soup: BeautifulSoup) -> None:
    """Keep a table inside a table as lines of its cell, and blocks inside cells as text."""
    for cell in soup.find_all(["td", "th"]):
        if cell.decomposed or cell.find_parent(["td", "th"]) is not None:
            continue
        for inner in cell.find_all("tr"):
            inner.insert_after("; ")
        for inner in cell.find_all(["td", "th", "li", "p", "div"]):
            inner.insert_after(" ")
        for inner in cell.find_all([*BLOCKS_IN_CELL, "tr", "td", "th", "tbody", "thead", "tfoot", "caption"]):
            inner.unwrap()
        for inner in cell.find_all(["li", "p", "div"]):
            inner.unwrap()


def _address(soup: BeautifulSoup, base_url: str, article_link: Callable[[str], str]) -> None:
    """Make relative addresses absolute; without a base, a relative link becomes its words."""
    for link in soup.find_all("a", href=True):
        stated = str(link["href"])
        address = article_link(stated) or _absolute(stated, base_url)
        if address:
            link["href"] = address
        else:
            link.unwrap()
    for picture in soup.find_all("img"):
        address = _absolute(str(picture.get("src") or ""), base_url)
        if address:
            picture["src"] = address
        else:
            picture.replace_with(str(picture.get("alt") or ""))


def _absolute(address: str, base_url: str) -> str:
    """Return the address in full, "" where it leads nowhere outside its page."""
    address = re.sub(r"[\t\r\n]", "", address.strip()).replace(" ", "%20")
    if not address or address.startswith("#"):
        return ""
    try:
        whole = urljoin(base_url, address)
    except ValueError:
        return ""
    scheme = urlsplit_safe(whole)[0]
    return whole.replace("(", "%28").replace(")", "%29").replace("<", "%3C") if scheme in SCHEMES else ""


def urlsplit_safe(address: str) -> tuple[str, str, str]:
    """Return scheme, host and path; empty ones for what is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", "", ""
    return parts.scheme.lower(), parts.netloc, parts.path


def _language(element: Any) -> str:
    """Return the language that a code block names."""
    inner = [element, *element.find_all("code")] if isinstance(element, Tag) else []
    for tag in inner:
        named = LANGUAGE.search(" ".join(tag.get("class") or []))
        if named:
            return named[1].lower()
    return ""
