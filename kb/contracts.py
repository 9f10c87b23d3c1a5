"""What crosses the border of the knowledge base."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Audience:
    """Who asks. An empty field means unknown, which sees only what is open to every value of that facet."""

    user_type: str = ""
    tier: str = ""
    product_area: str = ""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One section that answers: ``quote`` is verbatim in the revision's Markdown, ``score`` in [0, 1]."""

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


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """What others show of an article: the title that people see, and whether bots answer from it."""

    article_id: int
    slug: str
    title: str
    owner: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class KnowledgeBaseCounts:
    """How many articles are live, and how many wait for somebody or something."""

    published: int
    drafts: int
    in_review: int
    approved: int
    unindexed: int
    due_for_review: int
    ready: int  # published, and passing the three tests of kb.readiness


@dataclass(frozen=True, slots=True)
class PublishedArticle:
    """The live text of an article, as a customer reads it."""

    slug: str
    title: str
    markdown: str


@dataclass(frozen=True, slots=True)
class PageExample:
    """A product page with one address that its pattern matches."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class TurnNews:
    """What one turn tells the knowledge base: which articles were found and cited, and what was missing.

    ``kind`` is a kind of kb.models.GapSignal, empty where nothing was missing; ``source`` names the row
    that says so, ``article_id`` what the customer was shown or the nearest that was found.
    """

    day: date
    text: str
    retrieved: tuple[int, ...] = ()
    cited: tuple[int, ...] = ()
    kind: str = ""
    source: str = ""
    article_id: int | None = None


@dataclass(frozen=True, slots=True)
class VoteNews:
    """A customer's thumb about a turn that cited articles; ``helpful`` None: taken back."""

    turn_id: int
    day: date
    text: str
    helpful: bool | None
    cited: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MissingAnswer:
    """One signal that something is missing, before it is masked and put to a gap."""

    kind: str
    source: str
    text: str
    day: date
    article_id: int | None = None
