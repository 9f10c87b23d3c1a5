"""What crosses the border of the knowledge base."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audience:
    """Who asks. An empty field means unknown, which sees only what is open to every value of that facet."""

    user_type: str = ""
    tier: str = ""
    product_area: str = ""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One section that answers: ``quote`` occurs verbatim in the revision's Markdown, ``score`` is in [0, 1]."""

    article_id: int
    revision_id: int
    title: str
    heading_path: tuple[str, ...]
    anchor: str
    quote: str
    score: float
    url: str


@dataclass(frozen=True, slots=True)
class ExclusionHit:
    """An article says in so many words that it does not cover what was asked."""

    article_id: int
    title: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first and at most one per article, with the version of the index that they came from."""

    hits: tuple[SearchHit, ...]
    out_of_scope: ExclusionHit | None
    index_version: int
