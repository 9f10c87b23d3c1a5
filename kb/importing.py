"""Take in an article from outside, through the same steps and the same two people as one written here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from kb import workflow
from kb.models import Article, AudienceValue, ProductPage, Revision
from kb.questions.running import trial
from kb.review import revision_approve, revision_publish, revision_submit
from kb.services import (
    article_create,
    article_set_audience,
    article_set_labels,
    article_set_owner,
    article_set_pages,
    revision_save_draft,
)


@dataclass(frozen=True, slots=True)
class IncomingArticle:
    """An article as an outside source has it.

    ``audience`` are (kind, value) pairs, none for everyone. ``pages`` are names or patterns of product pages.
    """

    slug: str
    title: str
    body: str
    for_everyone: bool
    audience: Collection[tuple[str, str]] = ()
    pages: Collection[str] = ()
    labels: Collection[str] = ()
    owner_id: int | None = None
    review_by: date | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did; ``changed`` says whether there is a new revision."""

    article_id: int
    revision_id: int
    created: bool
    changed: bool


def article_import(
    *, actor: Actor, reviewer: Actor, incoming: IncomingArticle, publish: bool
) -> ImportOutcome:
    """Create or update the article of this slug; with ``publish``, ``reviewer`` approves and it goes live.

    All or nothing. An unchanged article makes no revision; a second import of the same one changes nothing.
    """
    known = Article.objects.filter(slug=incoming.slug).first() if publish else None
    if known is not None:
        trial(
            known, incoming.title.strip(), incoming.body.strip()
        )  # kept for the gate, inside no transaction
    return _import(actor, reviewer, incoming, publish)


@transaction.atomic
def _import(actor: Actor, reviewer: Actor, incoming: IncomingArticle, publish: bool) -> ImportOutcome:
    article = Article.objects.filter(slug=incoming.slug).first()
    before = article.latest_number if article is not None else 0
    if article is None:
        revision = article_create(
            actor=actor,
            slug=incoming.slug,
            title=incoming.title,
            body=incoming.body,
            summary=incoming.summary,
        )
        article = revision.article
    else:
        revision = revision_save_draft(
            actor=actor,
            article=article,
            base_number=before,
            title=incoming.title,
            body=incoming.body,
            summary=incoming.summary,
        )
    _file(actor, article, incoming)
    if publish:
        publish_through_review(actor, reviewer, revision)
    return ImportOutcome(article.pk, revision.pk, created=before == 0, changed=revision.number != before)


def audience_value_ensure(*, actor: Actor, kind: str, value: str, label: str) -> AudienceValue:
    """Return the audience value, made if it is new; an existing one gets the label."""
    require(actor, "kb.change_audiencevalue")
    with transaction.atomic():
        found, created = AudienceValue.objects.update_or_create(
            kind=kind, value=value, defaults={"label": label}
        )
        if created:
            activity.record(actor, "audience_value.created", found, after={"kind": kind, "value": value})
    return found


def _file(actor: Actor, article: Article, incoming: IncomingArticle) -> None:
    """Set whom the article is for, where it belongs and who answers for it."""
    article_set_audience(
        actor=actor,
        article=article,
        for_everyone=incoming.for_everyone,
        values=[_audience_value(kind, value) for kind, value in incoming.audience],
    )
    article_set_pages(actor=actor, article=article, product_pages=[_page(name) for name in incoming.pages])
    article_set_labels(actor=actor, article=article, names=incoming.labels)
    article_set_owner(
        actor=actor,
        article=article,
        owner_id=incoming.owner_id or article.owner_id,
        review_by=incoming.review_by or article.review_by,
    )


def publish_through_review(actor: Actor, reviewer: Actor, revision: Revision) -> None:
    """Take the revision from the state that it is in to published."""
    if revision.state == workflow.DRAFT:
        revision_submit(actor=actor, revision=revision)
    if revision.state == workflow.IN_REVIEW:
        revision_approve(actor=reviewer, revision=revision)
    if revision.state == workflow.APPROVED:
        revision_publish(actor=reviewer, revision=revision)


def _audience_value(kind: str, value: str) -> AudienceValue:
    found = AudienceValue.objects.filter(kind=kind, value=value).first()
    if found is None:
        raise InvalidInput(f"There is no audience {kind} = {value}.", code="unknown_audience")
    return found


def _page(name: str) -> ProductPage:
    found = ProductPage.objects.filter(name=name).first() or ProductPage.objects.filter(pattern=name).first()
    if found is None:
        raise InvalidInput(f"There is no product page “{name}”.", code="unknown_page")
    return found
