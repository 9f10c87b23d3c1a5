"""Articles as Zendesk Help Center and Freshdesk Solutions give them → one shape. Pure.

Who may read an article there is believed only where it is everyone, or where the mapping names it; whatever
else it says, the article has no audience here until somebody sets one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations import fields
from integrations.streams import BadRow
from kb.access import Facets, facets
from kb.exchange.audience_mapping import AudienceMapping
from kb.exchange.contracts import FRESHDESK, ZENDESK
from kb.exchange.json_pages import Pages

MAX_LABELS, MAX_LABEL_LENGTH = 20, 60
MAX_URL = 1_000
FRESHDESK_DRAFT, FRESHDESK_PUBLISHED, FRESHDESK_FOR_ALL = 1, 2, 1
# Where an article's address holds its id.
ARTICLE_ADDRESS = {
    ZENDESK: re.compile(r"/hc/(?:[\w-]{1,20}/)?articles/(\d{1,20})\b"),
    FRESHDESK: re.compile(r"/support/solutions/articles/(\d{1,20})\b"),
}


class Skip(Exception):
    """The article is sound, and is not to be imported."""


@dataclass(frozen=True, slots=True)
class HelpCentreArticle:
    """One article, its text still HTML."""

    external_id: str
    title: str
    html: str
    labels: frozenset[str]
    audience: Facets | None
    is_draft: bool
    url: str
    updated_at: datetime | None
    note: str = ""


def zendesk_article(value: Any, pages: Pages, mapping: AudienceMapping) -> HelpCentreArticle:
    """Read one article of Zendesk; raises BadRow for a bad one, Skip for one that is left out."""
    record = fields.record_of(value)
    external_id = fields.identifier(record.get("id"))
    if record.get("archived") is True or record.get("archived_at"):
        raise Skip("It is archived there.")
    if record.get("outdated") is True:
        raise Skip("Its translation is outdated there.")
    section = pages.one("sections", record.get("section_id"))
    labels, note = _labels(record.get("label_names"), "label_names", section)
    audience, why = _zendesk_audience(record, pages, mapping)
    return HelpCentreArticle(
        external_id,
        _title(fields.text(record, "title") or fields.text(record, "name")),
        _html(record, "body"),
        labels,
        audience,
        is_draft=record.get("draft") is True,
        url=_url(record.get("html_url")),
        updated_at=fields.iso_moment(record.get("edited_at") or record.get("updated_at"), "updated_at"),
        note=" ".join(filter(None, (note, why))),
    )


def freshdesk_article(value: Any, pages: Pages, mapping: AudienceMapping) -> HelpCentreArticle:
    """Read one article of Freshdesk; raises BadRow for a bad one, Skip for one that is left out."""
    record = fields.record_of(value)
    external_id = fields.identifier(record.get("id"))
    if record.get("archived") is True:
        raise Skip("It is archived there.")
    status = fields.count(record.get("status"))
    if status not in (FRESHDESK_DRAFT, FRESHDESK_PUBLISHED):
        raise BadRow("bad_status", f"There is no status {str(record.get('status'))[:20]!r} of an article.")
    folder = pages.one("folders", record.get("folder_id"))
    labels, note = _labels(record.get("tags"), "tags", folder)
    audience, why = _freshdesk_audience(record, folder, mapping)
    return HelpCentreArticle(
        external_id,
        _title(fields.text(record, "title")),
        _html(record, "description"),
        labels,
        audience,
        is_draft=status == FRESHDESK_DRAFT,
        url=_url(record.get("url") or record.get("html_url")),
        updated_at=fields.iso_moment(record.get("updated_at"), "updated_at"),
        note=" ".join(filter(None, (note, why))),
    )


READERS: Mapping[str, Callable[[Any, Pages, AudienceMapping], HelpCentreArticle]] = {
    ZENDESK: zendesk_article,
    FRESHDESK: freshdesk_article,
}


def _zendesk_audience(
    record: fields.Fields, pages: Pages, mapping: AudienceMapping
) -> tuple[Facets | None, str]:
    """Return the audience, or None and why: null is everyone, several segments are nobody we could name."""
    if "user_segment_id" not in record and not record.get("user_segment_ids"):
        return None, "The source does not say whom it is for."
    listed = record.get("user_segment_ids") or []
    found = [record.get("user_segment_id"), *(listed if isinstance(listed, list) else [listed])]
    segments = list(dict.fromkeys(str(segment) for segment in found if segment is not None))
    if not segments:
        return facets(True, ()), ""
    audience = mapping.of("user_segments", segments[0]) if len(segments) == 1 else None
    names = [fields.text(pages.one("user_segments", segment), "name") or segment for segment in segments]
    return audience, "" if audience else f"Restricted there to {', '.join(names)[:100]}; no audience is set."


def _freshdesk_audience(
    record: fields.Fields, folder: fields.Fields, mapping: AudienceMapping
) -> tuple[Facets | None, str]:
    """Return the audience, or None and why: only a folder known to be for all is for everyone."""
    stated = folder.get("visibility", record.get("folder_visibility"))
    visibility = fields.count(stated)
    audience = mapping.of("folders", record.get("folder_id"))
    if audience is not None:
        return audience, ""
    if visibility == FRESHDESK_FOR_ALL:
        return facets(True, ()), ""
    audience = mapping.of("visibilities", visibility)
    if audience is not None or visibility is None:
        return audience, "" if audience else "The visibility of its folder is not known; no audience is set."
    return None, f"Its folder's visibility is {visibility}; no audience is set."


def _labels(value: Any, name: str, group: fields.Fields) -> tuple[frozenset[str], str]:
    """Return the labels, with the name of the section or folder, and a note on those left out."""
    if value is not None and not isinstance(value, list):
        raise BadRow("bad_labels", f"“{name}” is no list.")
    stated = [*fields.texts({name: value}, name), fields.text(group, "name")]
    wanted = list(dict.fromkeys(text for label in stated if (text := " ".join(label.split()))))
    kept = [label for label in wanted if len(label) <= MAX_LABEL_LENGTH][:MAX_LABELS]
    left_out = len(wanted) - len(kept)
    return frozenset(kept), f"{left_out} labels are too long or too many." if left_out else ""


def _title(title: str) -> str:
    found = " ".join(title.split())
    if not found:
        raise BadRow("missing_title", "The article has no title.")
    return found


def _html(record: fields.Fields, key: str) -> str:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise BadRow("bad_body", f"“{key}” is no text.")
    if not (value or "").strip():
        raise BadRow("empty_body", "The article has no text.")
    return str(value)


def _url(value: Any) -> str:
    is_one = isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= MAX_URL
    return str(value) if is_one and "\x00" not in str(value) else ""
