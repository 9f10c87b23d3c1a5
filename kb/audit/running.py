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
from kb.audit import checks
from kb.audit.checks import CategoryQuestions, Checked, Finding
from kb.findings.comparing import compare
from kb.findings.pairs import CONTRADICTION, NEAR_DUPLICATE
from kb.findings.published import published_texts
from kb.index_loading import fresh_index
from kb.models import KnowledgeBaseAudit, PairFinding

TASK = "kb.tasks.audit"
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
    articles = published_texts()
    index = fresh_index()
    asked = [CategoryQuestions(c["name"], c["volume"], tuple(c["questions"])) for c in categories]
    say(0, 4, "Looking for outdated articles")
    found = {"outdated": checks.outdated(articles, timezone.localdate())}
    say(1, 4, "Asking what customers ask")
    found["gap"] = checks.gaps(asked, lambda question: _best(index, question))
    say(2, 4, "Comparing articles with each other")
    compared = compare()
    pairs = compared.articles * (compared.articles - 1) // 2
    found["contradiction"] = _found(
        CONTRADICTION, f"{compared.statements:,} statements in {compared.articles:,} articles were compared"
    )
    found["near_duplicate"] = _found(NEAR_DUPLICATE, f"{pairs:,} pairs of articles were checked")
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


def _found(kind: str, checked: str) -> Checked:
    """Return the findings of a kind that wait for somebody; verdicts are respected."""
    rows = PairFinding.objects.open().filter(kind=kind).order_by("pk")
    return Checked(
        tuple(
            Finding(
                (row.first_id, row.second_id),
                row.text,
                tuple(sentence for sentence in (row.first_sentence, row.second_sentence) if sentence),
            )
            for row in rows
        ),
        checked,
    )


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
