"""What one reader sees of the knowledge base, article by article, and what hides the rest from them.

Who sees an article is decided by kb.retrieval's own set of readable ids, never here; this module only puts
into words why. Two articles with the same verdict differ in nothing that a search asks about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from kb import pages
from kb.access import KINDS, facets, is_visible
from kb.contracts import Audience, ExclusionHit, SearchHit
from kb.index_loading import fresh_index
from kb.models import Article, ArticleAudience, AudienceValue
from kb.retrieval import readable_ids, search
from kb.snapshot import MAX_LIMIT

SHOWN_HITS = 10
EVERYONE, MATCHED = "everyone", "matched"
AUDIENCE, UNPUBLISHED, EXPIRED, ARCHIVED, UNINDEXED = (
    "audience",
    "unpublished",
    "expired",
    "archived",
    "unindexed",
)
HIDING: Mapping[str, str] = {
    AUDIENCE: "For other readers",
    UNPUBLISHED: "Not published",
    EXPIRED: "Expired",
    ARCHIVED: "Archived",
    UNINDEXED: "Not indexed yet",
}


class Reason(NamedTuple):
    """Why an article is read (everyone, matched), or one of the things that hide it (a key of HIDING)."""

    kind: str
    text: str


class Value(NamedTuple):
    """One audience value of an article."""

    kind: str
    value: str
    label: str


class _Row(NamedTuple):
    """What is read of an article."""

    pk: int
    title: str
    slug: str
    for_everyone: bool
    published_revision_id: int | None
    archived_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the reader sees an article, with all the reasons; ``is_lifted`` on the reader's page."""

    article_id: int
    title: str
    slug: str
    is_readable: bool
    is_lifted: bool
    reasons: tuple[Reason, ...]

    def hidden_by(self, kind: str) -> bool:
        """Tell whether this is one of the things that hide it."""
        return not self.is_readable and any(reason.kind == kind for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class RankedHit:
    """A hit on the reader's page, with what it would be without the page; ``plain_rank`` 0 if far down."""

    rank: int
    hit: SearchHit
    is_lifted: bool
    plain_rank: int
    plain_score: float | None


def verdicts(audience: Audience, page: str = "") -> list[Verdict]:
    """Return the verdict on every article: those of the page first, then by title. Takes a few queries."""
    index = fresh_index()
    searched = readable_ids(index, audience) & frozenset(index.snapshot.article_ids)
    published = frozenset(Article.objects.published().order_by().values_list("pk", flat=True))
    readable, lifted = searched & published, ids_on_page(index.page_articles, page)
    columns = ("title", "slug", "for_everyone", "published_revision_id", "archived_at", "expires_at")
    rows = [_Row(*row) for row in Article.objects.order_by().values_list("pk", *columns)]
    values: defaultdict[int, list[Value]] = defaultdict(list)
    for article_id, *value in ArticleAudience.objects.order_by("value__kind", "value__label").values_list(
        "article_id", "value__kind", "value__value", "value__label"
    ):
        values[article_id].append(Value(*value))
    labels = _labels()
    found = [
        Verdict(
            row.pk,
            row.title or row.slug,
            row.slug,
            row.pk in readable,
            row.pk in lifted,
            tuple(
                _why_read(row, values[row.pk], audience)
                if row.pk in readable
                else _why_hidden(row, values[row.pk], audience, labels)
            ),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.is_lifted, one.title.casefold(), one.article_id))


def ids_on_page(page_articles: Mapping[str, frozenset[int]], page: str) -> frozenset[int]:
    """Return the articles that a page lifts, by the patterns that the index holds."""
    found = (ids for pattern, ids in page_articles.items() if page and pages.matches(pattern, page))
    return frozenset(pk for ids in found for pk in ids)


def ranked(question: str, audience: Audience, page: str) -> tuple[list[RankedHit], ExclusionHit | None]:
    """Search as the reader, on the page and away from it; return the hits and what excludes the question."""
    found = search(question, audience=audience, page=page, limit=SHOWN_HITS)
    plain = search(question, audience=audience, limit=MAX_LIMIT) if page else found
    away = {hit.article_id: (rank, hit.score) for rank, hit in enumerate(plain.hits, start=1)}
    lifted = ids_on_page(fresh_index().page_articles, page)
    hits = []
    for rank, hit in enumerate(found.hits, start=1):
        plain_rank, plain_score = away.get(hit.article_id, (0, None))
        hits.append(RankedHit(rank, hit, hit.article_id in lifted, plain_rank, plain_score))
    return hits, found.out_of_scope


def _labels() -> dict[tuple[str, str], str]:
    rows = AudienceValue.objects.order_by().values_list("kind", "value", "label")
    return {(kind, value): label for kind, value, label in rows}


def _why_read(row: _Row, values: Iterable[Value], audience: Audience) -> Iterable[Reason]:
    if row.for_everyone:
        yield Reason(EVERYONE, "It is for everyone.")
        return
    for kind, _, label in [value for value in values if value.value == getattr(audience, value.kind)]:
        yield Reason(MATCHED, f"{_named(kind)}: “{label}” matches.")


def _why_hidden(
    row: _Row, values: list[Value], audience: Audience, labels: Mapping[tuple[str, str], str]
) -> Iterable[Reason]:
    is_live = False
    if row.archived_at is not None:
        yield Reason(ARCHIVED, f"It was archived on {row.archived_at:%Y-%m-%d}.")
    elif row.published_revision_id is None:
        yield Reason(UNPUBLISHED, "No text of it is published.")
    elif row.expires_at is not None and row.expires_at <= timezone.now():
        yield Reason(EXPIRED, f"It expired on {row.expires_at:%Y-%m-%d}.")
    else:
        is_live = True
    pairs = [(value.kind, value.value) for value in values]
    if is_visible(facets(row.for_everyone, pairs), audience):
        if is_live:
            yield Reason(UNINDEXED, "The index does not hold its published text yet.")
        return
    if not values:
        yield Reason(AUDIENCE, "It names no audience: nobody reads it.")
    for kind in KINDS:
        wanted = [value for value in values if value.kind == kind]
        given = getattr(audience, kind)
        if wanted and given not in {value.value for value in wanted}:
            names = " or ".join(f"“{value.label}”" for value in wanted)
            has = f"“{labels.get((kind, given), given)}”" if given else "unknown"
            yield Reason(AUDIENCE, f"{_named(kind)}: it is for {names}; the reader's is {has}.")


def _named(kind: str) -> str:
    return str(AudienceValue.Kind(kind).label)
