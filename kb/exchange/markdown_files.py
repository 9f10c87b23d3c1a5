"""A Markdown file with front matter ↔ an article. What ``file_text`` writes, ``markdown_row`` reads. Pure."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from core.errors import DomainError, InvalidInput
from integrations.archives import File
from kb.access import Facets
from kb.article_files import parse_article
from kb.exchange.contracts import (
    AUDIENCE_KEYS,
    MARKDOWN,
    REJECTED,
    Incoming,
    Row,
    audience_stated,
    content_hash,
    digest,
    texts,
)
from kb.exchange.slugs import slug_of

MAX_FILE_BYTES = 1_000_000


class _Dumper(yaml.SafeDumper):
    """YAML whose texts with unusual characters are quoted with escapes: they come back as they are."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def markdown_row(number: int, file: File) -> Row:
    """Read one file; one that is not understood is a rejected row."""
    try:
        if file.problem:
            raise InvalidInput(file.problem)
        if len(file.data) > MAX_FILE_BYTES:
            raise InvalidInput(f"The file is larger than {MAX_FILE_BYTES} bytes.")
        incoming = _incoming(file)
    except DomainError as refusal:
        return Row(number, file.name, file.stem[:200], outcome=REJECTED, reason=refusal.message)
    return Row(number, file.name, incoming.title, incoming)


def file_text(
    *,
    slug: str,
    title: str,
    body: str,
    audience: Facets,
    labels: frozenset[str],
    pages: frozenset[str],
    owner: str,
    review_by: date | None,
) -> str:
    """Return an article as a file: the same article gives the same bytes."""
    front: dict[str, Any] = {"slug": slug, "title": title}
    if audience.for_everyone:
        front["audience"] = {"everyone": True}
    elif audience.values:
        front["audience"] = {
            key: sorted(value for kind, value in audience.values if kind == wanted)
            for key, wanted in AUDIENCE_KEYS.items()
            if any(kind == wanted for kind, _ in audience.values)
        }
    if pages:
        front["pages"] = sorted(pages)
    if labels:
        front["labels"] = sorted(labels)
    front["owner"] = owner
    if review_by:
        front["review_by"] = review_by.isoformat()
    front["base"] = content_hash(title, body, audience, labels, pages)
    head = yaml.dump(front, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)
    return f"---\n{head}---\n\n{body}\n"


def _incoming(file: File) -> Incoming:
    found = parse_article(file.data.decode("utf-8", "replace"), name=PurePosixPath(file.name).stem)
    facts = found.metadata
    slug = str(facts.get("slug") or "").strip().lower() or slug_of(found.article_id)
    if not slug:
        raise InvalidInput("Neither slug, id nor file name gives the article an address.", code="bad_slug")
    body = found.markdown.replace("\r\n", "\n").replace("\r", "\n").strip()
    return Incoming(
        system=MARKDOWN,
        external_id=slug,
        slug=slug,
        title=found.title,
        body=body,
        text_hash=digest(found.title, body),
        audience=audience_stated(facts.get("audience")),
        labels=frozenset(texts(facts["labels"])) if "labels" in facts else None,
        pages=frozenset(texts(facts["pages"])) if "pages" in facts else None,
        owner=str(facts.get("owner") or "") or None,
        review_by=_day(facts.get("review_by")),
        is_draft=str(facts.get("draft", "")).lower() == "true",
        url=str(facts.get("url") or "")[:1000],
        base=str(facts.get("base") or ""),
    )


def _day(value: Any) -> date | None:
    if not value:
        return None
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError as error:
        raise InvalidInput(f"“{str(value)[:40]}” is no day such as 2027-01-31.", code="bad_day") from error
