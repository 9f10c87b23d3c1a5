"""Which articles need a person: stale, unhelpful, unreached, sent back. Each list says what it checked.

Reads rows, changes nothing. What stale means is kb.freshness; what a score means, kb.ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from core.proportions import Share
from kb import workflow
from kb.freshness import due_on
from kb.gate import policy
from kb.models import Article, ArticleUsage, ArticleVote, Revision

MAX_ARTICLES = 5_000
USAGE_DAYS = 90
UNREACHED_DAYS = 30
FEWEST_VOTES = 3  # fewer thumbs say nothing
UNHELPFUL_RATIO = 0.5
NOTHING = Share(0, 0)


@dataclass(frozen=True, slots=True)
class Usage:
    """How an article was used within some days; ``helpful`` is of the customers who gave a thumb."""

    days: int
    retrieved: int = 0
    cited: int = 0
    last_retrieved: date | None = None
    helpful: Share = NOTHING


@dataclass(frozen=True, slots=True)
class Line:
    """One article in a readout: why it is there, in cells of the readout's columns."""

    article_id: int
    title: str
    owner: str
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Readout:
    """One list, the most urgent first, and what was checked for it."""

    kind: str
    title: str
    says: str
    checked: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...] = field(default=())


def readout(kind: str) -> Readout:
    """Return one list as of now; raises KeyError for an unknown one."""
    return READOUTS[kind](_published(), timezone.localdate())


def readouts() -> list[Readout]:
    """Return all lists as of now."""
    articles, today = _published(), timezone.localdate()
    return [make(articles, today) for make in READOUTS.values()]


def usage_of(article_id: int, *, days: int = USAGE_DAYS) -> Usage:
    """Return how one article was used within the last days."""
    return _usage([article_id], days=days).get(article_id, Usage(days))


def stale(articles: Sequence[Article], today: date) -> Readout:
    """List published articles whose day has come, by days overdue times citations."""
    every = policy().review_every_days
    due = {article.pk: _due(article, every) for article in articles}
    late = [article for article in articles if (day := due[article.pk]) is not None and day <= today]
    usage = _usage([article.pk for article in late], days=USAGE_DAYS)
    rows = []
    for article in late:
        day, used = due[article.pk], usage.get(article.pk, Usage(USAGE_DAYS))
        overdue = (today - day).days if day else 0
        checked = article.checked_at.date() if article.checked_at else None
        cells = (day, overdue, used.cited, article.review_by, checked or "", article.checked_by)
        rows.append(((overdue + 1) * (used.cited + 1), _line(article, cells)))
    return Readout(
        "stale",
        "Stale",
        "Somebody should say that these are still correct, or change them. The most overdue and most cited "
        f"first. Without a day of its own an article is due {every} days after its last check.",
        _checked(articles),
        ("Due since", "Days overdue", f"Cited, {USAGE_DAYS} days", "Review by", "Last checked", "By"),
        _sorted(rows),
    )


def unhelpful(articles: Sequence[Article], today: date) -> Readout:
    """List published articles that at most half of the customers found helpful, the surest first."""
    usage = _usage([article.pk for article in articles], days=USAGE_DAYS)
    rows, rated = [], 0
    for article in articles:
        helpful = usage[article.pk].helpful if article.pk in usage else NOTHING
        rated += helpful.whole >= FEWEST_VOTES
        if helpful.whole < FEWEST_VOTES or (helpful.ratio or 0) > UNHELPFUL_RATIO:
            continue
        cells = (
            helpful.part,
            helpful.whole - helpful.part,
            round(100 * (helpful.ratio or 0)),
            f"{100 * helpful.low:.0f}–{100 * helpful.high:.0f} %",
            usage[article.pk].cited,
        )
        rows.append((1 - helpful.high, _line(article, cells)))
    return Readout(
        "unhelpful",
        "Unhelpful",
        f"At least {FEWEST_VOTES} customers gave a thumb to answers from these within {USAGE_DAYS} days, and "
        "at most half of them were up. The interval says how sure that is.",
        f"{_checked(articles)}; {rated} of them have {FEWEST_VOTES} thumbs or more",
        ("Up", "Down", "Helpful, %", "95 % interval", f"Cited, {USAGE_DAYS} days"),
        _sorted(rows),
    )


def unreached(articles: Sequence[Article], today: date) -> Readout:
    """List published articles that no query reached within the last days, the longest published first."""
    reached = set(
        ArticleUsage.objects.filter(
            day__gt=today - timedelta(days=UNREACHED_DAYS), retrieved__gt=0
        ).values_list("article_id", flat=True)
    )
    missed = [article for article in articles if article.pk not in reached]
    last = dict(
        ArticleUsage.objects.filter(article__in=[article.pk for article in missed], retrieved__gt=0)
        .values_list("article")
        .annotate(day=Max("day"))
    )
    rows = []
    for article in missed:
        since = _published_on(article)
        age = (today - since).days if since else 0
        rows.append((age, _line(article, (since, age, last.get(article.pk) or "never"))))
    return Readout(
        "unreached",
        "Unreached",
        f"No customer's message of the last {UNREACHED_DAYS} days found these among its first three. Either "
        "nobody asks, or they do not say what people ask.",
        _checked(articles),
        ("Published", "Days ago", "Last found"),
        _sorted(rows),
    )


def needs_changes(articles: Sequence[Article], today: date) -> Readout:
    """List articles whose newest text was sent back by a reviewer, the longest waiting first."""
    sent_back = (
        Revision.objects.filter(state=workflow.CHANGES_REQUESTED, article__archived_at=None)
        .select_related("article__owner", "reviewer")
        .order_by("reviewed_at")[:MAX_ARTICLES]
    )
    rows = [
        (
            (today - revision.reviewed_at.date()).days if revision.reviewed_at else 0,
            _line(
                revision.article,
                (
                    revision.reviewed_at.date() if revision.reviewed_at else "",
                    str(revision.reviewer or ""),
                    revision.review_comment,
                ),
            ),
        )
        for revision in sent_back
    ]
    checked = Revision.objects.open().filter(article__archived_at=None).count()
    return Readout(
        "needs-changes",
        "Needs changes",
        "A reviewer has asked for changes, and nobody has made them yet.",
        f"{checked} texts on their way to publication were checked",
        ("Since", "Reviewer", "What must change"),
        _sorted(rows),
    )


READOUTS: dict[str, Callable[[Sequence[Article], date], Readout]] = {
    "stale": stale,
    "unhelpful": unhelpful,
    "unreached": unreached,
    "needs-changes": needs_changes,
}


def _published() -> list[Article]:
    rows = Article.objects.published().select_related("owner", "published_revision").order_by("pk")
    return list(rows.defer("published_revision__body")[:MAX_ARTICLES])


def _usage(article_ids: Sequence[int], *, days: int) -> dict[int, Usage]:
    since = timezone.localdate() - timedelta(days=days)
    counts = (
        ArticleUsage.objects.filter(article__in=article_ids, day__gt=since)
        .order_by()
        .values_list("article")
        .annotate(last=Max("day", filter=Q(retrieved__gt=0)), found=Sum("retrieved"), answered=Sum("cited"))
        .values_list("article", "found", "answered", "last")
    )
    votes = {
        pk: Share(up, whole)
        for pk, up, whole in ArticleVote.objects.filter(article__in=article_ids, day__gt=since)
        .order_by()
        .values_list("article")
        .annotate(up=Count("pk", filter=Q(helpful=True)), whole=Count("pk"))
    }
    found = {pk: Usage(days, r, c, last, votes.pop(pk, NOTHING)) for pk, r, c, last in counts}
    return found | {pk: Usage(days, helpful=share) for pk, share in votes.items()}


def _due(article: Article, every_days: int) -> date | None:
    revision = article.published_revision
    published_at = revision.published_at if revision is not None else None
    return due_on(article.review_by, published_at, article.checked_at, every_days)


def _published_on(article: Article) -> date | None:
    revision = article.published_revision
    return revision.published_at.date() if revision is not None and revision.published_at else None


def _line(article: Article, cells: tuple[Any, ...]) -> Line:
    return Line(article.pk, article.title, article.owner.get_username(), cells)


def _sorted(rows: Sequence[tuple[float, Line]]) -> tuple[Line, ...]:
    return tuple(line for _, line in sorted(rows, key=lambda row: (-row[0], row[1].article_id)))


def _checked(articles: Sequence[Article]) -> str:
    return f"{len(articles)} published articles were checked"
