"""Articles as Markdown files: front matter between ``---`` lines, then the body.

Reads the format that ``export_articles`` writes and other help centres export. Decides nothing about what is
imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
FIELD = re.compile(r"^([A-Za-z_][\w-]*):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
LINE_ENDS = re.compile(r"\s*[\r\n]\s*")
TITLE_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """One file: ``article_id`` and ``title`` from the front matter, else from the file name and first H1."""

    article_id: str
    title: str
    markdown: str
    metadata: dict[str, Any]


class _TextHandler(YAMLHandler):
    """YAML in which every scalar stays text: an id of 007 is no number, a title of 2024-01-01 no date."""

    def load(self, fm: str, **kwargs: object) -> Any:
        return super().load(fm, Loader=yaml.BaseLoader)


def parse_article(text: str, *, name: str) -> ArticleFile:
    """Parse one file's text; ``name`` is the file name without its ending."""
    text = text.removeprefix("\ufeff")
    try:
        metadata, body = frontmatter.parse(text, handler=_TextHandler())
    except yaml.YAMLError:  # such as an unquoted "title: Billing: how it works"
        metadata, body = _plain_fields(text)
    heading = TITLE_HEADING.search(body)
    stated = LINE_ENDS.sub(" ", str(metadata.get("title") or "")).strip()
    title = stated or " ".join((heading.group(1) if heading else name.replace("-", " ")).split())
    return ArticleFile(str(metadata.get("id") or name), title, body, dict(metadata))


def read_articles(folder: Path) -> list[ArticleFile]:
    """Return all ``*.md`` files below ``folder``, ordered by path; undecodable bytes are replaced."""
    return [
        parse_article(path.read_text(encoding="utf-8", errors="replace"), name=path.stem)
        for path in sorted(folder.rglob("*.md"))
    ]


def _plain_fields(text: str) -> tuple[dict[str, Any], str]:
    """Read front matter that is not YAML line by line."""
    match = FRONT_MATTER.match(text)
    if not match:
        return {}, text
    fields = {key: value.strip("\"'") for key, value in FIELD.findall(match.group(1))}
    return fields, text[match.end() :].strip()
