"""Take rows in: each in one transaction of its own, so that a bad one never stops the others.

Decides anew right before it writes (kb.exchange.planning), so a preview that has aged does no harm.
Idempotent by the source's id and what it said last: the same rows again write nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.models import User
from kb import workflow
from kb.access import Facets
from kb.exchange.contracts import (
    CONFLICT,
    CREATED,
    REJECTED,
    SKIPPED,
    UNCHANGED,
    Incoming,
    Outcome,
    Row,
)
from kb.exchange.decision import Decision
from kb.exchange.planning import Plan, Planner
from kb.importing import publish_through_review
from kb.models import Article, ArticleSource, AudienceValue, ExchangeSystem, ProductPage, Revision
from kb.questions.running import trial
from kb.services import (
    article_create,
    article_set_audience,
    article_set_labels,
    article_set_owner,
    article_set_pages,
    revision_save_draft,
)

Keep = Callable[["Result"], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row."""

    row: Row
    outcome: Outcome
    reason: str = ""
    article_id: int | None = None
    source_id: int | None = None


def rows_apply(
    *, actor: Actor, planner: Planner, rows: Sequence[Row], reviewer: Actor | None = None
) -> Iterator[Result]:
    """Take the rows in, in order; those for which nothing is to be done cost no query of their own."""
    for plan in planner.plans(rows):
        if plan.is_settled and reviewer is None:
            article_id = plan.known.article_id if plan.known else None
            source_id = plan.known.source_id if plan.known else None
            yield Result(plan.row, plan.decision.outcome, plan.decision.reason[:500], article_id, source_id)
        else:
            yield row_apply(actor=actor, planner=planner, row=plan.row, reviewer=reviewer)


def row_apply(
    *,
    actor: Actor,
    planner: Planner,
    row: Row,
    reviewer: Actor | None = None,
    keep: Keep = lambda result: None,
) -> Result:
    """Take one row in; ``keep`` is called inside the same transaction, so that both are there or neither.

    With a ``reviewer`` what is published at the source, and has an audience, goes through review and live.
    """
    try:
        with transaction.atomic():
            result = _applied(actor, next(planner.plans([row])))
            if reviewer is None:
                keep(result)
        if reviewer is not None:
            result = _published(actor, reviewer, result)
            keep(result)
    except DomainError as refusal:
        result = Result(row, REJECTED, refusal.message[:500])
        keep(result)
    return result


def article_take(
    *, actor: Actor, incoming: Incoming, decision: Decision, article: Article | None
) -> tuple[Article, Revision]:
    """Write what ``decision`` says of an article and its text; return it with its newest revision."""
    summary = f"Imported from {ExchangeSystem(incoming.system).label} {incoming.external_id}"
    if article is None:
        revision = article_create(
            actor=actor, slug=incoming.slug, title=incoming.title, body=incoming.body, summary=summary
        )
        article = revision.article
    else:
        revision = article.revisions.latest("number")
        if decision.text:
            revision = revision_save_draft(
                actor=actor,
                article=article,
                base_number=revision.number,
                title=incoming.title,
                body=incoming.body,
                summary=summary,
            )
    _set_facts(actor, article, decision)
    return article, revision


def source_keep(
    *, incoming: Incoming, article: Article, revision: Revision | None, source: ArticleSource | None
) -> ArticleSource:
    """Note what the source said and what it became; nothing waits any more."""
    source = source or ArticleSource(
        article=article, system=incoming.system, external_id=incoming.external_id
    )
    source.url = incoming.url
    source.source_updated_at = incoming.updated_at
    source.text_hash, source.facts = incoming.text_hash, incoming.facts
    source.revision = revision or source.revision
    source.conflict, source.pending = "", {}
    return _saved(source)


def _applied(actor: Actor, plan: Plan) -> Result:
    row, decision, known = plan.row, plan.decision, plan.known
    if row.incoming is None or decision.outcome in (REJECTED, SKIPPED):
        article_id = known.article_id if known else None
        return Result(row, decision.outcome, decision.reason, article_id)
    article = Article.objects.select_for_update().get(pk=known.article_id) if known else None
    source = None
    if known and known.source_id is not None:
        source = ArticleSource.objects.filter(pk=known.source_id).first()
    if decision.outcome == CONFLICT and article is not None:
        source = _conflict(actor, row.incoming, decision.reason, article, source)
    elif decision.outcome == UNCHANGED and article is not None:
        source = _unchanged(row.incoming, article, source)
    else:
        article, revision = article_take(
            actor=actor, incoming=row.incoming, decision=decision, article=article
        )
        text = revision if decision.text or decision.outcome == CREATED else None
        source = source_keep(incoming=row.incoming, article=article, revision=text, source=source)
    return Result(row, decision.outcome, decision.reason[:500], article.pk, source.pk)


def _conflict(
    actor: Actor, incoming: Incoming, reason: str, article: Article, source: ArticleSource | None
) -> ArticleSource:
    """Keep the source's version until a person chooses; one that waits already is left as it is."""
    pending = {
        "title": incoming.title,
        "body": incoming.body,
        "text_hash": incoming.text_hash,
        "facts": incoming.facts,
    }
    if source is not None and source.conflict and source.pending == pending:
        return source
    source = source or ArticleSource(
        article=article, system=incoming.system, external_id=incoming.external_id
    )
    source.url = incoming.url
    source.source_updated_at = incoming.updated_at
    source.conflict, source.pending = reason[:500], pending
    source = _saved(source)
    activity.record(actor, "article_source.conflict", source, after={"why": reason[:500]})
    return source


def _unchanged(incoming: Incoming, article: Article, source: ArticleSource | None) -> ArticleSource:
    """Note what the source says now, where that is news and yet changes nothing of the article."""
    if source is not None and (source.text_hash, source.facts) == (incoming.text_hash, incoming.facts):
        return source
    newest = article.revisions.latest("number")
    is_the_same = (newest.title, newest.body) == (incoming.title, incoming.body)
    return source_keep(
        incoming=incoming, article=article, revision=newest if is_the_same else None, source=source
    )


def _published(actor: Actor, reviewer: Actor, result: Result) -> Result:
    """Take the text that came from the source live; where that is refused it stays a draft, and says why."""
    incoming = result.row.incoming
    if incoming is None or result.source_id is None or result.outcome == CONFLICT:
        return result
    source = ArticleSource.objects.select_related("revision__article").get(pk=result.source_id)
    revision = source.revision
    if revision is None or revision.state not in (workflow.DRAFT, workflow.IN_REVIEW, workflow.APPROVED):
        return result
    if incoming.is_draft:
        return _with_note(result, "A draft there, and here.")
    article = revision.article
    if not (article.for_everyone or article.audience_values.exists()):
        return _with_note(result, "Stays a draft: say first whom it is for.")
    try:
        trial(article, revision.title, revision.body)  # kept for the gate, inside no transaction
        with transaction.atomic():
            publish_through_review(actor, reviewer, revision)
    except DomainError as refusal:
        return _with_note(result, f"Stays a draft: {refusal.message}")
    return result


def _with_note(result: Result, note: str) -> Result:
    reason = " ".join(filter(None, (result.reason, note)))[:500]
    return Result(result.row, result.outcome, reason, result.article_id, result.source_id)


def _set_facts(actor: Actor, article: Article, decision: Decision) -> None:
    """Set whom the article is for, where it belongs and who answers for it, as far as that is decided."""
    if decision.audience is not None and (decision.audience.for_everyone or decision.audience.values):
        audience = decision.audience
        article_set_audience(
            actor=actor, article=article, for_everyone=audience.for_everyone, values=_values(audience)
        )
    if decision.pages:
        pages = list(ProductPage.objects.filter(name__in=decision.pages))
        article_set_pages(actor=actor, article=article, product_pages=pages)
    elif decision.pages is not None and article.pages.exists():
        article_set_pages(actor=actor, article=article, product_pages=[])
    if decision.labels is not None:
        article_set_labels(actor=actor, article=article, names=decision.labels)
    if decision.owner is not None or decision.review_by is not None:
        owner = User.objects.filter(username=decision.owner or "", is_active=True).first()
        article_set_owner(
            actor=actor,
            article=article,
            owner_id=owner.pk if owner else article.owner_id,
            review_by=decision.review_by or article.review_by,
        )


def _values(audience: Facets) -> list[AudienceValue]:
    kinds: dict[str, list[str]] = {}
    for kind, value in audience.values:
        kinds.setdefault(kind, []).append(value)
    found = [
        row
        for kind, names in kinds.items()
        for row in AudienceValue.objects.filter(kind=kind, value__in=names)
    ]
    if len(found) != len(audience.values):  # a value left out would open the article to all of its kind
        raise Conflict("An audience that it names has been deleted meanwhile.", code="unknown_audience")
    return found


def _saved(source: ArticleSource) -> ArticleSource:
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError as error:
        raise Conflict("Another import takes the same article in right now.", code="under_way") from error
    return source
