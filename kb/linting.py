"""Lint with what the database knows: links, rules, voice, audience; keep what was found of each revision.

The rules are kb.lint's. Kept findings leave the audience out, which changes without a new text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.jobs import enqueue
from core.permissions import require
from kb.lint.contracts import Context, Finding, Preferred
from kb.lint.document import Document
from kb.lint.links import linked_slugs
from kb.lint.running import CLEAR_QUESTION, VERSION, count_by_severity, lint
from kb.lint.wording import voice_hits, voice_message
from kb.markdown import outline
from kb.models import Article, Revision, RevisionLint, VoiceTerm
from kb.ports import escalation_rules

MAX_LINKED = 100  # articles whose headings are looked up for one text
MAX_TERMS = 300
MAX_LINKING = 500  # texts that are linted anew when one article comes or goes
RELINT_TASK = "kb.tasks.relint"


def voice() -> dict[str, Preferred]:
    """Return the words that are not wanted, with what to write instead."""
    rows = VoiceTerm.objects.values_list("unwanted", "instead", "reason")[:MAX_TERMS]
    return {unwanted: Preferred(instead, reason) for unwanted, instead, reason in rows}


def findings_of(title: str, body: str, *, article: Article | None = None) -> list[Finding]:
    """Lint a text as it would be in the knowledge base now; of an article, its audience too."""
    has_audience = None
    if article is not None:
        has_audience = article.for_everyone or article.audience_values.exists()
    return lint(title, body, _context(title, body, has_audience))


def lint_keep(revision: Revision) -> RevisionLint:
    """Lint a revision and keep what was found in place of what was kept before."""
    found = lint(revision.title, revision.body, _context(revision.title, revision.body, None))
    counts = count_by_severity(found)
    kept, _ = RevisionLint.objects.update_or_create(
        revision=revision,
        defaults={
            "errors": counts["error"],
            "warnings": counts["warning"],
            "notes": counts["info"],
            "vague": sum(finding.rule == "V001" and finding.severity == "warning" for finding in found),
            "asks_a_clear_question": not any(finding.rule in CLEAR_QUESTION for finding in found),
            "findings": [as_json(finding) for finding in found],
            "version": VERSION,
        },
    )
    return kept


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding without its fix, as it is kept."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    }


def relint(progress: Callable[[int, int], None]) -> int:
    """Lint the newest and the published text of every article anew; return how many texts."""
    is_newest = Q(number=F("article__latest_number"))
    is_published = Q(pk=F("article__published_revision_id"))
    texts = Revision.objects.filter(is_newest | is_published)
    total = texts.count()
    for done, revision in enumerate(texts.order_by("pk").iterator(chunk_size=100), start=1):
        lint_keep(revision)
        progress(done, total)
    return total


def relint_around(article_id: int) -> int:
    """Lint anew the texts that link to an article which has come or gone; return how many."""
    slug = Article.objects.filter(pk=article_id).values_list("slug", flat=True).first()
    is_newest = Q(number=F("article__latest_number"))
    is_published = Q(pk=F("article__published_revision_id"))
    linking = Revision.objects.filter(is_newest | is_published, body__contains=f"](kb:{slug}")
    for revision in linking.order_by("pk")[:MAX_LINKING]:
        lint_keep(revision)
    return linking.count()


def relint_queue(requested_by: str) -> None:
    """Queue a job that lints everything anew: the voice, the rules or the links have changed."""
    enqueue(RELINT_TASK, dedupe_key=RELINT_TASK, requested_by=requested_by)


def voice_term_save(*, actor: Actor, term: VoiceTerm) -> None:
    """Add or change a word that the brand does not use; every article is linted anew."""
    require(actor, "kb.change_voiceterm")
    term.unwanted, term.instead = term.unwanted.strip(), term.instead.strip()
    if not term.unwanted or term.unwanted.lower() == term.instead.lower():
        raise InvalidInput("Name a word, and another one to write instead.", code="bad_term")
    if term.pk is None and VoiceTerm.objects.count() >= MAX_TERMS:
        raise InvalidInput(f"The voice guide holds at most {MAX_TERMS} words.", code="too_many")
    with transaction.atomic():
        verb = "voice_term.created" if term.pk is None else "voice_term.changed"
        term.save()
        activity.record(actor, verb, term, after={"unwanted": term.unwanted, "instead": term.instead})
        relint_queue(actor.label)


def voice_term_delete(*, actor: Actor, term: VoiceTerm) -> None:
    """Take a word out of the voice guide."""
    require(actor, "kb.delete_voiceterm")
    with transaction.atomic():
        activity.record(actor, "voice_term.deleted", term, before={"unwanted": term.unwanted})
        term.delete()
        relint_queue(actor.label)


def voice_findings(text: str, unwanted: Mapping[str, Preferred] | None = None) -> list[str]:
    """Return in words what a text says that the brand does not, for whoever else writes to customers.

    Give ``unwanted`` (from ``voice``) to look through many texts.
    """
    hits = voice_hits(text, voice() if unwanted is None else unwanted)
    return [f"W001: {voice_message(found, preferred)}" for _, found, preferred in hits]


def _context(title: str, body: str, has_audience: bool | None) -> Context:
    rules: Mapping[str, str] | None = escalation_rules()
    return Context(
        anchors=_anchors(linked_slugs(Document(title, body))),
        rules=rules,
        voice=voice(),
        has_audience=has_audience,
    )


def _anchors(slugs: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return the anchors of the published articles with these slugs; a merged one has its successor's."""
    if not slugs:
        return {}
    wanted = sorted(slugs)[:MAX_LINKED]
    published = Article.objects.published().order_by()
    texts = {
        **dict(
            published.filter(merged__slug__in=wanted).values_list("merged__slug", "published_revision__body")
        ),
        **dict(published.filter(slug__in=wanted).values_list("slug", "published_revision__body")),
    }
    return {slug: frozenset(heading.anchor for heading in outline(body)) for slug, body in texts.items()}
