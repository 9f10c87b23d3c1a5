"""An article as an outside source has it, and one row of an import. Pure; decides nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from core.errors import InvalidInput
from kb.access import KINDS, Facets, facets

MARKDOWN, ZENDESK, FRESHDESK = "markdown", "zendesk", "freshdesk"
SYSTEMS = (MARKDOWN, ZENDESK, FRESHDESK)
AUDIENCE_KEYS = {"user_types": "user_type", "product_areas": "product_area", "tiers": "tier"}

Outcome = Literal["created", "updated", "unchanged", "conflict", "skipped", "rejected"]
CREATED: Final = "created"
UPDATED: Final = "updated"
UNCHANGED: Final = "unchanged"
CONFLICT: Final = "conflict"
SKIPPED: Final = "skipped"
REJECTED: Final = "rejected"
OUTCOMES = (CREATED, UPDATED, UNCHANGED, CONFLICT, SKIPPED, REJECTED)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article to be taken in; None stands for what the source says nothing about.

    ``text_hash`` is of the text as the source has it, before anything is converted. ``base`` is the content
    hash of the article that a Markdown file was exported from. ``is_draft``: not published at the source.
    """

    system: str
    external_id: str
    slug: str
    title: str
    body: str
    text_hash: str
    audience: Facets | None = None
    labels: frozenset[str] | None = None
    pages: frozenset[str] | None = None
    owner: str | None = None
    review_by: date | None = None
    is_draft: bool = False
    url: str = ""
    updated_at: datetime | None = None
    base: str = ""
    note: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What the source says about the article besides its text, as JSON keeps it."""
        return {
            "audience": audience_json(self.audience),
            "labels": None if self.labels is None else sorted(self.labels),
            "pages": None if self.pages is None else sorted(self.pages),
            "owner": self.owner,
            "review_by": self.review_by.isoformat() if self.review_by else None,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an import: an article, or why there is none (``outcome`` skipped or rejected)."""

    number: int
    where: str
    title: str = ""
    incoming: Incoming | None = None
    outcome: Outcome | None = None
    reason: str = ""


def audience_json(audience: Facets | None) -> list[list[str]] | Literal["everyone"] | None:
    """Return an audience as JSON keeps it."""
    if audience is None:
        return None
    return "everyone" if audience.for_everyone else [list(pair) for pair in sorted(audience.values)]


def audience_of_json(value: Any) -> Facets | None:
    """Return the audience that ``audience_json`` wrote."""
    if value is None:
        return None
    if value == "everyone":
        return facets(True, ())
    return facets(False, ((kind, name) for kind, name in value))


def audience_stated(value: Any) -> Facets | None:
    """Read an audience that a person wrote; anything that is not understood is refused, never widened."""
    if value is None or value == "":
        return None
    if value == "everyone":
        return facets(True, ())
    if not isinstance(value, Mapping):
        raise InvalidInput("The audience is neither “everyone” nor a list per kind.", code="bad_audience")
    pairs: set[tuple[str, str]] = set()
    for_everyone = False
    for key, names in value.items():
        kind = AUDIENCE_KEYS.get(str(key), str(key))
        if kind == "everyone":
            for_everyone = str(names).lower() == "true"
        elif kind not in KINDS:
            raise InvalidInput(f"There is no kind of audience “{key}”.", code="bad_audience")
        else:
            found = texts(names)
            if not found:  # an emptied kind would silently open the article to all of that kind
                raise InvalidInput(f"The audience names no {key}.", code="bad_audience")
            pairs |= {(kind, name) for name in found}
    if for_everyone and pairs:
        raise InvalidInput("Choose everyone, or particular audiences, not both.", code="ambiguous_audience")
    return facets(for_everyone, pairs)


def texts(value: Any) -> list[str]:
    """Return a list of texts, where one value may stand without brackets."""
    values = value if isinstance(value, list) else [value] if value else []
    return [str(item) for item in values]


def digest(*parts: Any) -> str:
    """Return a sha256 over parts that JSON can keep."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(
    title: str, body: str, audience: Facets, labels: frozenset[str], pages: frozenset[str]
) -> str:
    """Return the hash by which an exported file knows what it was exported from."""
    return digest(title, body, audience_json(audience), sorted(labels), sorted(pages))[:20]


def counts_of(outcomes: Iterable[str]) -> dict[str, int]:
    """Return how many rows had each outcome; their sum is ``rows_in``."""
    listed = list(outcomes)
    names = {"created": 0, "updated": 0, "unchanged": 0, "conflicts": 0, "skipped": 0, "rejected": 0}
    for outcome in listed:
        names["conflicts" if outcome == CONFLICT else outcome] += 1
    return {"rows_in": len(listed), **names}
