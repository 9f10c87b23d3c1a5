"""From draft to published and back: submit, review, publish, roll back, archive.

The reviewer wrote none of the text that is to be published. Each service is one transaction with its line in
the activity log; what changes the index queues a sync of that one article.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.jobs import enqueue
from core.transitions import move
from kb import freshness, gate, index_version, workflow
from kb.models import Article, Revision
from kb.questions.running import publication_record, trial
from kb.services import person, revision_save_draft

MAX_COMMENT_LENGTH = 5_000
REVIEW_WITHIN_DAYS = 3


def revision_submit(*, actor: Actor, revision: Revision, due: date | None = None) -> None:
    """Ask for a review of the newest draft by ``due``, else within REVIEW_WITHIN_DAYS."""
    person(actor, "kb.change_article")
    today = timezone.localdate()
    if due is not None and due < today:
        raise InvalidInput("The day by which it is reviewed cannot be over.", code="due_is_over")
    changes = {
        "submitted_at": timezone.now(),
        "review_due": due or today + timedelta(days=REVIEW_WITHIN_DAYS),
    }
    with transaction.atomic():
        _refuse_if_outdated(revision)
        _move(actor, "revision.submitted", revision, to=workflow.IN_REVIEW, **changes)


def revision_claim(*, actor: Actor, revision: Revision) -> None:
    """Take the review of a text, from whoever had it: others see that somebody is at it."""
    claimant = person(actor, "kb.review_revision")
    with transaction.atomic():
        _refuse_if_outdated(revision)
        _refuse_writers(actor, revision)
        _claim(actor, "revision.claimed", revision, claimant)


def revision_release(*, actor: Actor, revision: Revision) -> None:
    """Give one's claim back, so that somebody else takes the review."""
    claimant = person(actor, "kb.review_revision")
    if revision.claimed_by_id != claimant:
        raise Conflict("You have not claimed this review.", code="not_claimed_by_you")
    with transaction.atomic():
        _claim(actor, "revision.released", revision, None)


def revision_request_changes(*, actor: Actor, revision: Revision, comment: str) -> None:
    """Send the revision back to its author with a comment; the answer is a new revision."""
    person(actor, "kb.review_revision")
    comment = comment.strip()
    if not comment or len(comment) > MAX_COMMENT_LENGTH or "\x00" in comment:
        raise InvalidInput(
            f"Say what must change, in at most {MAX_COMMENT_LENGTH} characters.", code="comment_needed"
        )
    with transaction.atomic():
        _refuse_if_outdated(revision)
        _refuse_writers(actor, revision)
        _refuse_others_claim(actor, revision)
        changes = {"reviewer_id": actor.user_id, "review_comment": comment, "reviewed_at": timezone.now()}
        _move(actor, "revision.changes_requested", revision, to=workflow.CHANGES_REQUESTED, **changes)


def revision_approve(*, actor: Actor, revision: Revision) -> None:
    """Approve the newest revision; refused to everybody who wrote a part of it."""
    person(actor, "kb.review_revision")
    with transaction.atomic():
        _refuse_if_outdated(revision)
        _refuse_writers(actor, revision)
        _refuse_others_claim(actor, revision)
        changes = {"reviewer_id": actor.user_id, "reviewed_at": timezone.now()}
        _move(actor, "revision.approved", revision, to=workflow.APPROVED, **changes)


def revision_publish(*, actor: Actor, revision: Revision) -> None:
    """Put the approved revision in the place of the published one, and queue its indexing."""
    person(actor, "kb.publish_revision")
    trial(revision.article, revision.title, revision.body)  # kept for the gate: nothing is encoded below
    with transaction.atomic():
        article = Article.objects.select_for_update().get(pk=revision.article_id)
        _refuse_if_outdated(revision)
        if article.archived_at is not None:
            raise Conflict("Restore the archived article first.", code="article_archived")
        _refuse_without_audience(article)
        gate.refuse_blocked(revision)
        publication_record(actor=actor, revision=revision)
        previous = article.published_revision
        if previous is not None:
            move(previous, to=workflow.ARCHIVED, allowed=workflow.REVISION_STEPS)
        _move(actor, "revision.published", revision, to=workflow.PUBLISHED, published_at=timezone.now())
        article.published_revision = revision
        clock = freshness.clock_at_publication(article, timezone.localdate())
        for name, value in clock.items():
            setattr(article, name, value)
        article.save(update_fields=["published_revision", "updated_at", *clock])
        index_version.bump()
        _queue_sync(actor, article)


def article_rollback(*, actor: Actor, article: Article, to: Revision) -> Revision:
    """Write an earlier published text as a new revision and submit it; a second person approves it."""
    if to.article_id != article.pk or to.published_at is None:
        raise InvalidInput("Roll back to a revision that was published before.", code="never_published")
    with transaction.atomic():
        latest = article.revisions.latest("number")
        revision = revision_save_draft(
            actor=actor,
            article=article,
            base_number=latest.number,
            title=to.title,
            body=to.body,
            summary=f"Roll back to revision {to.number}",
            based_on=to,
        )
        if revision.pk == latest.pk:
            raise Conflict("The newest revision already has this text.", code="nothing_to_roll_back")
        activity.record(
            actor, "article.rolled_back", article, before={"number": latest.number}, after={"to": to.number}
        )
        revision_submit(actor=actor, revision=revision)
    return revision


def article_archive(*, actor: Actor, article: Article) -> None:
    """Take the article from all readers at once, and from the index; nothing is deleted."""
    person(actor, "kb.archive_article")
    archive(actor, "article.archived", article)


def archive(actor: Actor, verb: str, article: Article) -> None:
    """Archive for whoever has the right to: a person, or the time that a person set (kb.schedule)."""
    with transaction.atomic():
        now = timezone.now()
        rows = Article.objects.filter(pk=article.pk, archived_at=None).update(archived_at=now, updated_at=now)
        if rows == 0:
            raise Conflict("This article is archived already.", code="already_archived")
        activity.record(actor, verb, article)
        index_version.bump()
        _queue_sync(actor, article)
    article.archived_at = now


def article_unarchive(*, actor: Actor, article: Article) -> None:
    """Bring an archived article back as it was, and into the index again if it was published.

    Where it had been merged into another one, that ends: its address is its own again.
    """
    person(actor, "kb.archive_article")
    with transaction.atomic():
        locked = Article.objects.select_for_update().get(pk=article.pk)
        if locked.archived_at is None:
            raise Conflict("This article is not archived.", code="not_archived")
        if locked.published_revision_id is not None:
            _refuse_without_audience(locked)
        locked.archived_at = locked.merged_into = None
        if locked.expires_at is not None and locked.expires_at <= timezone.now():
            locked.expires_at = None  # the time that took it away is over
        locked.save(update_fields=["archived_at", "merged_into", "expires_at", "updated_at"])
        activity.record(actor, "article.unarchived", locked)
        index_version.bump()
        _queue_sync(actor, locked)
    article.archived_at = article.merged_into = None


def writer_ids(revision: Revision) -> set[int]:
    """Return who wrote what the revision would bring: its author, and all since the published revision."""
    published = revision.article.published_revision
    since = published.number if published is not None else 0
    written = Revision.objects.filter(
        article_id=revision.article_id, number__gt=since, number__lte=revision.number
    )
    return set(written.values_list("author_id", flat=True))


def _move(actor: Actor, verb: str, revision: Revision, *, to: str, **changes: Any) -> None:
    before = revision.state
    move(revision, to=to, allowed=workflow.REVISION_STEPS, **changes)
    after = {"state": to, "number": revision.number}
    if changes.get("review_comment"):
        after["comment"] = str(changes["review_comment"])
    activity.record(actor, verb, revision, before={"state": before}, after=after)


def _refuse_if_outdated(revision: Revision) -> None:
    latest = Article.objects.values_list("latest_number", flat=True).get(pk=revision.article_id)
    if latest != revision.number:
        raise Conflict(
            f"Revision {latest} has replaced revision {revision.number} in the meantime. Look at that one.",
            code="newer_revision",
            extra={"number": revision.number, "latest_number": latest},
        )


def _refuse_writers(actor: Actor, revision: Revision) -> None:
    if actor.user_id in writer_ids(revision):
        raise NotAllowed(
            "You wrote a part of this text. Somebody else has to review it.", code="reviewer_is_author"
        )


def _refuse_others_claim(actor: Actor, revision: Revision) -> None:
    now = Revision.objects.filter(pk=revision.pk).select_related("claimed_by").only("claimed_by__username")
    claimant = now.get().claimed_by
    if claimant is not None and claimant.pk != actor.user_id:
        raise Conflict(
            f"{claimant} is reviewing this. Claim the review first if you take it over.",
            code="claimed_by_another",
        )


def _claim(actor: Actor, verb: str, revision: Revision, claimant: int | None) -> None:
    """Set the claim of a text that is in review and claimed by whoever it was when it was read."""
    claims = Revision.objects.filter(
        pk=revision.pk, state=workflow.IN_REVIEW, claimed_by_id=revision.claimed_by_id
    )
    before = str(revision.claimed_by or "")
    now = timezone.now() if claimant else None
    if not claims.update(claimed_by_id=claimant, claimed_at=now):
        raise Conflict("This review has moved since you looked at it. Look again.", code="review_has_moved")
    revision.claimed_by_id, revision.claimed_at = claimant, now
    activity.record(
        actor,
        verb,
        revision,
        before={"claimed_by": before},
        after={"claimed_by": actor.label if claimant else ""},
    )


def _refuse_without_audience(article: Article) -> None:
    if not article.for_everyone and not article.audience_values.exists():
        raise Conflict(
            "Say first whom the article is for: choose audiences, or “everyone”.", code="no_audience"
        )


def _queue_sync(actor: Actor, article: Article) -> None:
    enqueue(
        "kb.tasks.sync_article",
        dedupe_key=f"kb.sync:{article.pk}",
        requested_by=actor.label,
        article_id=article.pk,
    )
