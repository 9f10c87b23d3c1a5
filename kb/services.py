"""Writing articles: create, edit, segment, file, import. Every edit is a new revision.

Each service is one transaction with its line in the activity log. What becomes of a revision after it is
written (review, publication, rollback) is kb.review's business.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.permissions import require
from kb import index_version, pages, workflow
from kb.diff import unified
from kb.findings.comparing import compare_queue
from kb.linting import lint_keep
from kb.markdown import size_problem
from kb.models import TITLE_LENGTH, Article, AudienceValue, Label, ProductPage, PublishingPolicy, Revision

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG_LENGTH = 120
MAX_LABELS = 20
MAX_LABEL_LENGTH = 60
MAX_SUMMARY_LENGTH = 200


def article_create(
    *, actor: Actor, slug: str, title: str, body: str, owner_id: int | None = None, summary: str = ""
) -> Revision:
    """Create an article with its first draft; refuse a slug that is taken. Return the draft."""
    author_id = person(actor, "kb.add_article")
    slug = slug.strip().lower()
    check_slug(slug)
    with transaction.atomic():
        article = _new_article(slug, owner_id or author_id)
        activity.record(actor, "article.created", article, after={"slug": slug})
        return revision_save_draft(
            actor=actor, article=article, base_number=0, title=title, body=body, summary=summary
        )


def revision_save_draft(
    *,
    actor: Actor,
    article: Article,
    base_number: int,
    title: str,
    body: str,
    summary: str = "",
    based_on: Revision | None = None,
) -> Revision:
    """Write the text as the next revision, a draft, in place of the open one; return it.

    ``base_number`` is the revision that the author had before them: if a newer one exists by now, the text is
    refused (409) with the difference in ``extra``, and nothing is lost. An unchanged text makes no revision.
    Approval of the open revision ends with it: what is published is always what was approved.
    """
    author_id = person(actor, "kb.change_article")
    title, body = _clean(title), _clean(body)
    check_text(title, body)
    latest = article.revisions.order_by("-number").first()
    if latest is not None and latest.number != base_number:
        raise _stale(latest, base_number, title, body)
    if latest is not None and (latest.title, latest.body) == (title, body):
        return latest
    with transaction.atomic():
        number = base_number + 1
        rows = Article.objects.filter(pk=article.pk, latest_number=base_number).update(
            latest_number=number, title=title, updated_at=timezone.now()
        )
        if rows == 0:
            raise _stale(article.revisions.latest("number"), base_number, title, body)
        article.revisions.open().update(state=workflow.SUPERSEDED)
        revision = Revision.objects.create(
            article=article,
            number=number,
            title=title,
            body=body,
            summary=_clean(summary)[:MAX_SUMMARY_LENGTH],
            based_on=based_on or latest,
            author_id=author_id,
        )
        lint_keep(revision)
        activity.record(actor, "revision.saved", revision, after={"number": number, "title": title})
    article.latest_number, article.title = number, title
    return revision


def article_set_audience(
    *, actor: Actor, article: Article, for_everyone: bool, values: Collection[AudienceValue] = ()
) -> None:
    """Say whom the article is for: everyone, or those who match one value of every kind named.

    Counts from the next search on. Embeds nothing: the index does not hold audiences. Articles with other
    readers may contradict each other, so the comparison is queued.
    """
    require(actor, "kb.change_article")
    if for_everyone and values:
        raise InvalidInput("Choose everyone, or particular audiences, not both.", code="ambiguous_audience")
    with transaction.atomic():
        locked = Article.objects.select_for_update().get(pk=article.pk)
        if locked.is_live and not (for_everyone or values):
            raise Conflict(
                "A published article needs an audience. Choose one, or archive the article.",
                code="no_audience",
            )
        before = describe_audience(locked)
        locked.for_everyone = for_everyone
        locked.save(update_fields=["for_everyone", "updated_at"])
        locked.audience_values.set(values)
        after = describe_audience(locked)
        if after != before:
            index_version.bump()
            if locked.is_live:
                compare_queue(actor.label)
            activity.record(
                actor, "article.audience_set", locked, before={"audience": before}, after={"audience": after}
            )
    article.for_everyone = for_everyone


def article_set_pages(*, actor: Actor, article: Article, product_pages: Collection[ProductPage]) -> None:
    """Say on which product pages the article comes first. Embeds and queues nothing."""
    require(actor, "kb.change_article")
    with transaction.atomic():
        before = sorted(page.name for page in article.pages.all())
        after = sorted(page.name for page in product_pages)
        if after != before:
            article.pages.set(product_pages)
            index_version.bump()
            activity.record(
                actor, "article.pages_set", article, before={"pages": before}, after={"pages": after}
            )


def article_set_labels(*, actor: Actor, article: Article, names: Collection[str]) -> None:
    """File the article under these labels, making those that do not exist yet."""
    require(actor, "kb.change_article")
    wanted = sorted({_clean(name) for name in names} - {""})
    check_labels(wanted)
    with transaction.atomic():
        before = sorted(label.name for label in article.labels.all())
        if wanted != before:
            article.labels.set([Label.objects.get_or_create(name=name)[0] for name in wanted])
            activity.record(
                actor, "article.labels_set", article, before={"labels": before}, after={"labels": wanted}
            )


def article_set_owner(*, actor: Actor, article: Article, owner_id: int, review_by: date | None) -> None:
    """Name the person who answers for the article, and the day by which somebody checks it again."""
    require(actor, "kb.change_article")
    fields = ("owner_id", "review_by")
    with transaction.atomic():
        locked = Article.objects.select_for_update().get(pk=article.pk)
        before = {name: str(getattr(locked, name)) for name in fields}
        if review_by != locked.review_by:
            locked.review_by_is_default = False
        locked.owner_id, locked.review_by = owner_id, review_by
        after = {name: str(getattr(locked, name)) for name in fields}
        if after != before:
            locked.save(update_fields=[*fields, "review_by_is_default", "updated_at"])
            activity.record(actor, "article.owner_set", locked, before=before, after=after)


def product_page_save(*, actor: Actor, page: ProductPage) -> None:
    """Create or change a product page; refuse a pattern that cannot be matched."""
    require(actor, "kb.change_productpage")
    page.pattern = page.pattern.strip()
    try:
        pages.check(page.pattern)
    except pages.BadPattern as error:
        raise InvalidInput(str(error), code="bad_pattern") from error
    with transaction.atomic():
        verb = "product_page.created" if page.pk is None else "product_page.changed"
        page.save()
        index_version.bump()
        activity.record(actor, verb, page, after={"name": page.name, "pattern": page.pattern})


def product_page_delete(*, actor: Actor, page: ProductPage) -> None:
    """Delete a product page; its articles stay, without the page."""
    require(actor, "kb.delete_productpage")
    with transaction.atomic():
        activity.record(actor, "product_page.deleted", page, before={"pattern": page.pattern})
        page.delete()
        index_version.bump()


def publishing_policy_save(*, actor: Actor, policy: PublishingPolicy) -> None:
    """Say what a failed check does at publication, from the next one on."""
    require(actor, "kb.change_publishingpolicy")
    with transaction.atomic():
        before = {**(PublishingPolicy.objects.filter(pk=1).values().first() or {})}
        policy.pk = 1
        policy.save()
        after = {**PublishingPolicy.objects.filter(pk=1).values().get()}
        activity.record(actor, "publishing_policy.changed", policy, before=before, after=after)


def person(actor: Actor, permission: str) -> int:
    """Return the id of the acting person, who has the permission; people alone write and approve articles."""
    if actor.user_id is None:
        raise NotAllowed("Only a signed-in person may do this.", code="person_required")
    require(actor, permission)
    return actor.user_id


def describe_audience(article: Article) -> list[str]:
    """Return the audience as it is written to the activity log."""
    if article.for_everyone:
        return ["everyone"]
    return sorted(f"{value.kind}={value.value}" for value in article.audience_values.all())


def _new_article(slug: str, owner_id: int) -> Article:
    try:
        with transaction.atomic():
            return Article.objects.create(slug=slug, owner_id=owner_id)
    except IntegrityError as error:
        raise Conflict(f"There already is an article with the slug “{slug}”.", code="slug_taken") from error


def _stale(latest: Revision, base_number: int, title: str, body: str) -> Conflict:
    change = unified(
        f"{latest.title}\n\n{latest.body}",
        f"{title}\n\n{body}",
        before_name=f"revision {latest.number}",
        after_name="your text",
    )
    return Conflict(
        f"{latest.author} saved revision {latest.number} while you were editing revision {base_number}. "
        "Your text is kept below: compare, merge, and save again.",
        code="stale_revision",
        extra={"base_number": base_number, "latest_number": latest.number, "diff": change},
    )


def _clean(text: str) -> str:
    """Return the text with plain line ends and no blanks around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def check_labels(names: Collection[str]) -> None:
    """Refuse more or longer labels than an article may have."""
    if len(names) > MAX_LABELS or any(len(name) > MAX_LABEL_LENGTH or "\x00" in name for name in names):
        raise InvalidInput(
            f"Use at most {MAX_LABELS} labels of at most {MAX_LABEL_LENGTH} characters.", code="bad_labels"
        )


def check_slug(slug: str) -> None:
    """Refuse what cannot be part of an article's address."""
    if len(slug) > MAX_SLUG_LENGTH or not SLUG.fullmatch(slug):
        raise InvalidInput(
            f"Use at most {MAX_SLUG_LENGTH} letters a-z, digits and hyphens for the slug.", code="bad_slug"
        )


def check_text(title: str, body: str) -> None:
    """Refuse a text that no revision may have."""
    if not title.strip() or not body.strip():
        raise InvalidInput("An article needs a title and a text.", code="empty_text")
    if len(title) > TITLE_LENGTH or "\n" in title.strip():
        raise InvalidInput(
            f"Use one line of at most {TITLE_LENGTH} characters for the title.", code="bad_title"
        )
    try:
        (title + body).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("The text holds half of a surrogate pair.", code="bad_characters") from error
    if "\x00" in title + body:
        raise InvalidInput("The text holds a NUL character.", code="bad_characters")
    if problem := size_problem(body):
        raise InvalidInput(problem, code="too_long")
