"""One check of the knowledge base as a job: read the articles, run the checks, keep what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import InvalidInput
from core.models import Job
from core.permissions import require
from kb import access
from kb.audit import checks
from kb.audit.checks import AuditedArticle, CategoryQuestions, Checked
from kb.index_loading import fresh_index
from kb.indexing import encoder
from kb.models import Article, KnowledgeBaseAudit

TASK = "kb.tasks.audit"
MAX_ARTICLES = 5_000
MAX_CATEGORIES, MAX_QUESTIONS, MAX_QUESTION_LENGTH = 60, 30, 1_000
KEPT_FINDINGS, SHOWN_EXAMPLES = 500, 5
TITLES = {
    "outdated": "Outdated articles",
    "gap": "Gaps: categories that no article answers",
    "contradiction": "Contradictory answers",
    "near_duplicate": "Near-duplicates",
}


@transaction.atomic
def audit_start(*, actor: Actor, categories: Sequence[CategoryQuestions]) -> Job:
    """Queue a check of all published articles against typical questions of ticket categories."""
    require(actor, "kb.change_article")
    if len(categories) > MAX_CATEGORIES or any(len(c.questions) > MAX_QUESTIONS for c in categories):
        raise InvalidInput("These are too many categories or questions.", code="too_many")
    rows = [
        {
            "name": category.name,
            "volume": category.volume,
            "questions": [question[:MAX_QUESTION_LENGTH] for question in category.questions],
        }
        for category in categories
    ]
    return jobs.enqueue(
        TASK, dedupe_key=TASK, requested_by=actor.label, categories=rows, requester=actor.label
    )


def audit_job() -> Job | None:
    """Return the check that waits or runs."""
    return Job.objects.filter(task=TASK, state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()


def audit_run(
    *, actor: Actor, categories: Sequence[Mapping[str, Any]], progress: jobs.Progress | None = None
) -> KnowledgeBaseAudit:
    """Run the four checks and keep what they found; a second run keeps a second result."""
    say = progress or (lambda done, total, message: None)
    articles = _articles()
    model = encoder()
    index = fresh_index()
    asked = [CategoryQuestions(c["name"], c["volume"], tuple(c["questions"])) for c in categories]
    say(0, 4, "Looking for outdated articles")
    found = {"outdated": checks.outdated(articles, timezone.localdate())}
    say(1, 4, "Asking what customers ask")
    found["gap"] = checks.gaps(asked, lambda question: _best(index, question))
    say(2, 4, "Comparing what articles say")
    found["contradiction"] = checks.contradictions(articles, model.encode)
    say(3, 4, "Looking for doubled articles")
    found["near_duplicate"] = checks.near_duplicates(articles, model.encode)
    with transaction.atomic():
        audit = KnowledgeBaseAudit.objects.create(
            parts=[_part(kind, result) for kind, result in found.items()],
            index_number=index.version.number,
            made_by=actor.label[:150],
        )
        counts = {kind: len(result.findings) for kind, result in found.items()}
        activity.record(actor, "knowledgebaseaudit.done", audit, after=counts)
    return audit


def _best(index: Any, question: str) -> tuple[float, str]:
    """Return score and title of the best section for a question, whoever may read it."""
    hits = index.snapshot.search(question, allowed_articles=index.snapshot.article_ids, limit=1).hits
    return (hits[0].score, hits[0].title) if hits else (0.0, "none")


def _articles() -> list[AuditedArticle]:
    rows = (
        Article.objects.published()
        .select_related("published_revision")
        .prefetch_related("audience_values")
        .order_by("pk")[:MAX_ARTICLES]
    )
    return [
        AuditedArticle(
            id=row.pk,
            title=row.published_revision.title,
            markdown=row.published_revision.body,
            published_at=row.published_revision.published_at or row.created_at,
            review_by=row.review_by,
            facets=_facets(row),
        )
        for row in rows
        if row.published_revision is not None
    ]


def _facets(article: Article) -> dict[str, frozenset[str]]:
    values: dict[str, set[str]] = {}
    for value in article.audience_values.all():
        values.setdefault(value.kind, set()).add(value.value)
    return {kind: frozenset(values[kind]) for kind in access.KINDS if kind in values}


def _part(kind: str, result: Checked) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": TITLES[kind],
        "count": len(result.findings),
        "checked": result.checked,
        "examples": [finding.text for finding in result.findings[:SHOWN_EXAMPLES]],
        "findings": [
            {"articles": list(f.articles), "text": f.text, "evidence": list(f.evidence)}
            for f in result.findings[:KEPT_FINDINGS]
        ],
    }
