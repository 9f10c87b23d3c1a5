"""Publication and expiry at a set time: a job waits for the moment, and acts only if it is still wanted then.

A scheduled publication is the act of the person who scheduled it: what they may no longer do at that time is
refused, and so is a text that has been replaced. Decides nothing about what may be published (kb.review).
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput
from core.jobs import enqueue
from kb import index_version, workflow
from kb.models import Article, Revision
from kb.review import archive, revision_publish
from kb.services import person

PUBLISH, EXPIRE = "kb.tasks.publish_scheduled", "kb.tasks.expire_article"


def revision_schedule(*, actor: Actor, revision: Revision, publish_at: datetime) -> None:
    """Publish the approved revision at a later time; a second call changes the time."""
    who = person(actor, "kb.publish_revision")
    _refuse_past(publish_at)
    with transaction.atomic():
        approved = Revision.objects.filter(pk=revision.pk, state=workflow.APPROVED)
        if not approved.update(publish_at=publish_at, scheduled_by=who, schedule_problem=""):
            raise Conflict("Only an approved revision can be scheduled.", code="not_approved")
        _record(actor, "revision.scheduled", revision, publish_at)
        enqueue(
            PUBLISH,
            dedupe_key=f"{PUBLISH}:{revision.pk}:{publish_at.isoformat()}",
            requested_by=actor.label,
            not_before=publish_at,
            revision_id=revision.pk,
        )
    revision.publish_at, revision.scheduled_by_id = publish_at, who


def revision_unschedule(*, actor: Actor, revision: Revision) -> None:
    """Take the time back; the revision stays approved."""
    person(actor, "kb.publish_revision")
    with transaction.atomic():
        waiting = Revision.objects.filter(pk=revision.pk, state=workflow.APPROVED, publish_at__isnull=False)
        if not waiting.update(publish_at=None, scheduled_by=None, schedule_problem=""):
            raise Conflict("This revision is not scheduled.", code="not_scheduled")
        _record(actor, "revision.unscheduled", revision, None)
    revision.publish_at = None


def publish_if_due(revision_id: int) -> str:
    """Publish a revision whose time has come, as the person who scheduled it; say what was done. Idempotent.

    Where it is refused the revision stays approved without a time, and says why.
    """
    revision = Revision.objects.select_related("article", "scheduled_by").filter(pk=revision_id).first()
    if revision is None or revision.state != workflow.APPROVED or revision.scheduled_by is None:
        return "nothing is scheduled any more"
    if revision.publish_at is None or revision.publish_at > timezone.now():
        return "it is scheduled for another time"
    actor = Actor.of_user(revision.scheduled_by)
    try:
        revision_publish(actor=actor, revision=revision)
    except DomainError as refusal:
        with transaction.atomic():
            Revision.objects.filter(pk=revision.pk, state=workflow.APPROVED).update(
                publish_at=None, scheduled_by=None, schedule_problem=refusal.message[:500]
            )
            activity.record(
                actor, "revision.schedule_refused", revision, after={"why": refusal.message[:500]}
            )
        return f"refused: {refusal.message}"
    return "published"


def article_set_expiry(*, actor: Actor, article: Article, expires_at: datetime | None) -> None:
    """Say when readers stop seeing the article, or (None) that they do not. It is archived then."""
    person(actor, "kb.archive_article")
    if expires_at is not None:
        _refuse_past(expires_at)
    with transaction.atomic():
        locked = Article.objects.select_for_update().get(pk=article.pk)
        before = locked.expires_at
        if before == expires_at:
            return
        Article.objects.filter(pk=article.pk).update(expires_at=expires_at, updated_at=timezone.now())
        index_version.bump()
        activity.record(
            actor,
            "article.expiry_set",
            article,
            before={"expires_at": before.isoformat() if before else None},
            after={"expires_at": expires_at.isoformat() if expires_at else None},
        )
        if expires_at is not None:
            enqueue(
                EXPIRE,
                dedupe_key=f"{EXPIRE}:{article.pk}:{expires_at.isoformat()}",
                requested_by=actor.label,
                not_before=expires_at,
                article_id=article.pk,
            )
    article.expires_at = expires_at


def expire_if_due(article_id: int) -> str:
    """Archive an article whose time is over, if it still is; idempotent."""
    article = Article.objects.filter(pk=article_id, archived_at=None, expires_at__lte=timezone.now()).first()
    if article is None:
        return "nothing has expired"
    archive(Actor.system("expiry"), "article.expired", article)
    return "archived"


def _refuse_past(moment: datetime) -> None:
    if moment <= timezone.now():
        raise InvalidInput("Choose a time that is still to come.", code="time_is_over")


def _record(actor: Actor, verb: str, revision: Revision, publish_at: datetime | None) -> None:
    activity.record(
        actor,
        verb,
        revision,
        before={"publish_at": revision.publish_at.isoformat() if revision.publish_at else None},
        after={"publish_at": publish_at.isoformat() if publish_at else None},
    )
