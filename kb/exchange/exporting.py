"""Articles → a folder or zip of Markdown files, exactly as an import reads them. Writes no rows.

The same articles give the same bytes. A file is there as a whole or not at all; none is written outside.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.db.models import F, Prefetch

from core.errors import InvalidInput
from kb.exchange.known import facets_of
from kb.exchange.markdown_files import file_text
from kb.exchange.slugs import slug_of
from kb.exchange.vocabulary import FILE_NAME, vocabulary_text
from kb.models import Article, AudienceValue, ProductPage, Revision
from kb.querysets import ArticleQuerySet
from kb.services import SLUG

BATCH = 300
MAX_ZIPPED = 5_000
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same articles, the same bytes


def exported(articles: ArticleQuerySet, *, published: bool) -> Iterator[tuple[str, str]]:
    """Yield (file name, text) of each article, and of the audiences and pages beside them; in order.

    ``published`` takes the live text of live articles, else it is the newest text of those not archived.
    """
    chosen = articles.published() if published else articles.filter(archived_at=None)
    ids = list(chosen.order_by("slug").values_list("pk", flat=True))
    if ids:
        yield FILE_NAME, vocabulary_text(AudienceValue.objects.all(), ProductPage.objects.all())
    for start in range(0, len(ids), BATCH):
        for article in _loaded(ids[start : start + BATCH], published):
            yield _file(article, published)


def export_folder(folder: Path, articles: ArticleQuerySet, *, published: bool) -> dict[str, int]:
    """Write the files into ``folder``; one that is as it should be is left alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        counts = {"files": 0, "written": 0}
        for name, text in exported(articles, published=published):
            counts["files"] += 1
            counts["written"] += _write(folder, name, text.encode())
    except OSError as error:
        raise InvalidInput(f"{folder} cannot be written: {error.strerror}.", code="unwritable") from error
    return counts


def export_zip(stream: IO[bytes], articles: ArticleQuerySet, *, published: bool) -> int:
    """Write a zip of the files to ``stream``; return how many articles are in it."""
    if articles.count() > MAX_ZIPPED:
        raise InvalidInput(
            f"More than {MAX_ZIPPED} articles: choose fewer, or use the command export_articles.",
            code="too_many",
        )
    count = 0
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in exported(articles, published=published):
            info = zipfile.ZipInfo(name, ZIP_DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode(), zipfile.ZIP_DEFLATED)
            count += name != FILE_NAME
    return count


def _loaded(ids: list[int], published: bool) -> list[Article]:
    texts = Revision.objects.filter(article_id__in=ids)
    if published:
        texts = texts.filter(pk=F("article__published_revision_id"))
    else:
        texts = texts.filter(number=F("article__latest_number"))
    return list(
        Article.objects.filter(pk__in=ids)
        .select_related("owner")
        .prefetch_related(
            "audience_values", "labels", "pages", Prefetch("revisions", queryset=texts, to_attr="chosen")
        )
        .order_by("slug")
    )


def _file(article: Article, published: bool) -> tuple[str, str]:
    revision: Revision = article.chosen[0]  # type: ignore[attr-defined]  # prefetched above
    text = file_text(
        slug=article.slug,
        title=revision.title,
        body=revision.body,
        audience=facets_of(article),
        labels=frozenset(label.name for label in article.labels.all()),
        pages=frozenset(page.name for page in article.pages.all()),
        owner=article.owner.get_username(),
        review_by=None if article.review_by_is_default else article.review_by,
    )
    return _file_name(article), text


def _file_name(article: Article) -> str:
    """Return a name that stays in the folder, whatever the address of the article is."""
    if SLUG.fullmatch(article.slug):
        return f"{article.slug}.md"
    return f"{slug_of(article.slug) or 'article'}-{article.pk}.md"


def _write(folder: Path, name: str, data: bytes) -> bool:
    """Put the file there as a whole; tell whether it had to be written."""
    path = folder / name
    if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
        return False
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
            os.chmod(part.name, 0o644)
            os.replace(part.name, path)
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise
    return True
