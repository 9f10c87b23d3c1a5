"""Where an article was changed here and at its source: a person takes the source's version or keeps ours."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from kb.exchange.applying import article_take, source_keep
from kb.exchange.contracts import UPDATED, Incoming, audience_of_json
from kb.exchange.decision import Decision
from kb.exchange.known import facets_of
from kb.models import Article, ArticleSource, Revision


def conflict_take_theirs(*, actor: Actor, source: ArticleSource) -> Revision:
    """Make the source's version the newest text, a draft, with its audience, pages and labels; return it."""
    require(actor, "kb.change_article")
    with transaction.atomic():
        source = _waiting(source)
        incoming = incoming_of(source)
        article = Article.objects.select_for_update().get(pk=source.article_id)
        audience = incoming.audience
        decision = Decision(
            UPDATED,
            text=True,
            audience=audience if audience is not None and audience != facets_of(article) else None,
            labels=incoming.labels,
            pages=incoming.pages,
        )
        article, revision = article_take(actor=actor, incoming=incoming, decision=decision, article=article)
        source = source_keep(incoming=incoming, article=article, revision=revision, source=source)
        activity.record(actor, "article_source.theirs_taken", source, after={"number": revision.number})
    return revision


def conflict_keep_ours(*, actor: Actor, source: ArticleSource) -> None:
    """Decline what the source says now; the next change there is a conflict again, until then it is quiet."""
    require(actor, "kb.change_article")
    with transaction.atomic():
        source = _waiting(source)
        source = source_keep(
            incoming=incoming_of(source), article=source.article, revision=None, source=source
        )
        activity.record(
            actor, "article_source.ours_kept", source, after={"number": source.article.latest_number}
        )


def incoming_of(source: ArticleSource) -> Incoming:
    """Return the source's version as it waits."""
    pending: dict[str, Any] = source.pending
    facts = pending["facts"]
    return Incoming(
        system=source.system,
        external_id=source.external_id,
        slug=source.article.slug,
        title=pending["title"],
        body=pending["body"],
        text_hash=pending["text_hash"],
        audience=audience_of_json(facts["audience"]),
        labels=None if facts["labels"] is None else frozenset(facts["labels"]),
        pages=None if facts["pages"] is None else frozenset(facts["pages"]),
        owner=facts["owner"],
        review_by=date.fromisoformat(facts["review_by"]) if facts["review_by"] else None,
        url=source.url,
        updated_at=source.source_updated_at,
    )


def _waiting(source: ArticleSource) -> ArticleSource:
    """Return the row as it is now, if it still is what the person looked at."""
    now = ArticleSource.objects.select_for_update(of=("self",)).select_related("article").get(pk=source.pk)
    if not now.conflict or now.pending != source.pending:
        raise Conflict("This has been settled or has changed meanwhile. Look again.", code="not_in_conflict")
    return now
