"""A path or an upload → the rows of an import, ready to be decided about. Reads the database, writes nothing.

Every article of the source is exactly one row, a bad one too. Links between the articles become ``kb:slug``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import DomainError, InvalidInput
from integrations.archives import File, files
from integrations.streams import BadRow
from kb.exchange.audience_mapping import AudienceMapping
from kb.exchange.contracts import MARKDOWN, REJECTED, SKIPPED, SYSTEMS, Incoming, Row, digest
from kb.exchange.help_centres import ARTICLE_ADDRESS, READERS, HelpCentreArticle, Skip
from kb.exchange.html import html_to_markdown
from kb.exchange.json_pages import Found, Pages
from kb.exchange.known import known_slugs
from kb.exchange.markdown_files import markdown_row
from kb.exchange.slugs import allot
from kb.exchange.vocabulary import FILE_NAME, Vocabulary, vocabulary_read
from kb.models import TITLE_LENGTH, Article
from kb.services import check_labels, check_slug, check_text

MAX_ROWS = 5_000  # as many as archives.MAX_FILES
ENDINGS = (".md", ".markdown", ".json", ".jsonl", ".ndjson", ".yaml")
MARKDOWN_ENDINGS, JSON_ENDINGS = (".md", ".markdown"), (".json", ".jsonl", ".ndjson")
MAX_WHERE, MAX_REASON = 300, 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows in the order of the source, and the audiences and pages that it brings along."""

    rows: list[Row]
    vocabulary: Vocabulary


def read(
    path: Path,
    system: str,
    mapping: AudienceMapping,
    *,
    name: str = "",
    progress: Progress = lambda done, total: None,
) -> Reading:
    """Return all rows; raises InvalidInput where nothing at all can or should be read."""
    if system not in SYSTEMS:
        raise InvalidInput(f"There is no format {system}.", code="unknown_source")
    found = list(files(path, name, endings=ENDINGS))
    beside = next((file for file in found if Path(file.name).name == FILE_NAME), None)
    rows = (
        _markdown(found, progress) if system == MARKDOWN else _help_centre(found, system, mapping, progress)
    )
    if not rows:
        raise InvalidInput("There is no article in it.", code="nothing_found")
    return Reading([_checked(row) for row in _single(rows)], vocabulary_read(beside))


def _markdown(found: list[File], progress: Progress) -> list[Row]:
    chosen = [file for file in found if file.ending in MARKDOWN_ENDINGS]
    _refuse_too_many(len(chosen))
    rows = []
    for number, file in enumerate(chosen, start=1):
        rows.append(markdown_row(number, file))
        progress(number, len(chosen))
    return rows


def _help_centre(found: list[File], system: str, mapping: AudienceMapping, progress: Progress) -> list[Row]:
    pages = Pages()
    for file in found:
        if file.ending in JSON_ENDINGS:
            pages.take(file)
    _refuse_too_many(len(pages.records))
    read_rows = [
        _record(number, record, system, pages, mapping) for number, record in enumerate(pages.records, 1)
    ]
    articles = [article for _, article in read_rows if article is not None]
    slug_of = _slugs(system, articles)
    rows = []
    for row, article in read_rows:
        rows.append(row if article is None else _converted(row, article, system, slug_of))
        progress(row.number, len(read_rows))
    return rows


def _record(
    number: int, found: Found, system: str, pages: Pages, mapping: AudienceMapping
) -> tuple[Row, HelpCentreArticle | None]:
    row = Row(number, found.where, _title_of(found.value))
    if found.problem:
        return replace(row, outcome=REJECTED, reason=found.problem), None
    try:
        return row, READERS[system](found.value, pages, mapping)
    except BadRow as error:
        return replace(row, outcome=REJECTED, reason=error.rejection.message), None
    except Skip as reason:
        return replace(row, outcome=SKIPPED, reason=str(reason)), None


def _slugs(system: str, articles: list[HelpCentreArticle]) -> dict[str, str]:
    """Return the address of every article that is here, is coming, or is linked."""
    linked = {found for article in articles for found in ARTICLE_ADDRESS[system].findall(article.html)}
    ids = {article.external_id for article in articles}
    known = known_slugs(system, ids | linked)
    coming = [(one.external_id, one.title) for one in articles if one.external_id not in known]
    taken = set(Article.objects.order_by().values_list("slug", flat=True)) if coming else set()
    return known | allot(dict(coming).items(), system=system, taken=taken)


def _converted(row: Row, article: HelpCentreArticle, system: str, slug_of: dict[str, str]) -> Row:
    address = ARTICLE_ADDRESS[system]

    def article_link(target: str) -> str:
        match = address.search(target)
        slug = slug_of.get(match[1]) if match else None
        return f"kb:{slug}" if slug else ""

    try:
        body = html_to_markdown(article.html, base_url=article.url, article_link=article_link)
    except InvalidInput as refusal:
        return replace(row, outcome=REJECTED, reason=refusal.message)
    if not body:
        return replace(row, outcome=REJECTED, reason="Nothing readable is left of its HTML.")
    incoming = Incoming(
        system=system,
        external_id=article.external_id,
        slug=slug_of[article.external_id],
        title=article.title,
        body=body,
        text_hash=digest(article.title, article.html),
        audience=article.audience,
        labels=article.labels,
        is_draft=article.is_draft,
        url=article.url,
        updated_at=article.updated_at,
        note=article.note,
    )
    return replace(row, title=article.title, incoming=incoming)


def _single(rows: list[Row]) -> list[Row]:
    """Reject what comes twice: the first of them counts."""
    seen: dict[str, str] = {}
    kept = []
    for row in rows:
        if row.incoming is not None:
            first = seen.setdefault(row.incoming.external_id, row.where)
            if first is not row.where:
                reason = f"{first} is the same article ({row.incoming.external_id})."
                row = replace(row, incoming=None, outcome=REJECTED, reason=reason)
        kept.append(row)
    return kept


def _checked(row: Row) -> Row:
    """Reject what no article here may be, before anything is written."""
    row = replace(row, where=_storable(row.where)[:MAX_WHERE], title=_storable(row.title)[:TITLE_LENGTH])
    if row.incoming is None:
        return replace(row, reason=_storable(row.reason)[:MAX_REASON])
    try:
        check_slug(row.incoming.slug)
        check_text(row.incoming.title, row.incoming.body)
        check_labels(row.incoming.labels or ())
    except DomainError as refusal:
        return replace(row, incoming=None, outcome=REJECTED, reason=refusal.message)
    return row


def _title_of(value: object) -> str:
    title = (value.get("title") or value.get("name")) if isinstance(value, dict) else ""
    return " ".join(title.split()) if isinstance(title, str) else ""


def _storable(text: str) -> str:
    """Return the text without what no database takes."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _refuse_too_many(count: int) -> None:
    if count > MAX_ROWS:
        raise InvalidInput(f"It holds more than {MAX_ROWS} articles. Import it in parts.", code="too_many")
