"""The buttons that move articles and revisions; which moves are legal is decided by kb.review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin_transitions import Transition, TransitionForm
from kb import workflow
from kb.admin.evidence import decision_evidence, publication_evidence
from kb.line_comments import open_comments
from kb.models import Article, Revision
from kb.review import (
    MAX_COMMENT_LENGTH,
    REVIEW_WITHIN_DAYS,
    article_archive,
    article_rollback,
    article_unarchive,
    revision_approve,
    revision_claim,
    revision_publish,
    revision_release,
    revision_request_changes,
    revision_submit,
    writer_ids,
)
from kb.schedule import article_set_expiry, revision_schedule, revision_unschedule

Pick = Callable[[Any], Revision | None]


class CommentForm(TransitionForm):
    """What must change before the text can be approved."""

    comment = forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), max_length=MAX_COMMENT_LENGTH)


class SubmitForm(TransitionForm):
    """By when somebody should have reviewed it."""

    due = forms.DateField(label="Review by", widget=forms.DateInput(attrs={"type": "date"}), required=False)


class ScheduleForm(TransitionForm):
    """When the text goes live by itself."""

    publish_at = forms.DateTimeField(
        label="Publish at (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )


class ExpiryForm(TransitionForm):
    """When readers stop seeing the article."""

    expires_at = forms.DateTimeField(
        label="Expires at (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        required=False,
        help_text="Empty: it does not expire.",
    )


class RollbackForm(TransitionForm):
    """Which earlier text comes back."""

    to = forms.ModelChoiceField(
        Revision.objects.none(), label="Back to", widget=UnfoldAdminSelectWidget, empty_label=None
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = earlier_publications(self.obj)  # type: ignore[arg-type]


def earlier_publications(article: Article) -> Any:
    """Return the revisions that were published before the present one."""
    return article.revisions.filter(state=workflow.ARCHIVED).order_by("-number")


def review_moves(pick: Pick) -> tuple[Transition, ...]:
    """Return the buttons of the review, for whatever object ``pick`` finds the open revision of."""

    def button(
        name: str, label: str, permission: str, service: Callable[..., Any], **more: Any
    ) -> Transition:
        return Transition(
            name=name,
            label=label,
            permission=permission,
            service=lambda actor, obj, **data: service(actor=actor, revision=pick(obj), **data),
            evidence=lambda request, obj: (publication_evidence if name == "publish" else decision_evidence)(
                _picked(pick, obj)
            ),
            seen=lambda obj: f"{_picked(pick, obj).pk} {_picked(pick, obj).state}",
            **more,
        )

    def scheduled(is_scheduled: bool) -> Callable[[HttpRequest, Any], bool]:
        def shown(request: HttpRequest, obj: Any) -> bool:
            revision = pick(obj)
            approved = revision is not None and revision.state == workflow.APPROVED
            return approved and (_picked(pick, obj).publish_at is not None) == is_scheduled

        return shown

    def claimed_by_me(request: HttpRequest, obj: Any) -> bool:
        return reviewable(request, obj) and _picked(pick, obj).claimed_by_id == request.user.pk

    def claimable(request: HttpRequest, obj: Any) -> bool:
        return reviewable(request, obj) and _picked(pick, obj).claimed_by_id != request.user.pk

    def in_state(state: str) -> Callable[[HttpRequest, Any], bool]:
        def shown(request: HttpRequest, obj: Any) -> bool:
            revision = pick(obj)
            return revision is not None and revision.state == state

        return shown

    def reviewable(request: HttpRequest, obj: Any) -> bool:
        revision = pick(obj)
        waits = revision is not None and revision.state == workflow.IN_REVIEW
        return waits and request.user.pk not in writer_ids(_picked(pick, obj))

    return (
        button(
            "submit",
            "Submit for review",
            "kb.change_article",
            revision_submit,
            description="Somebody who wrote no part of this text is asked to review it.",
            form=SubmitForm,
            initial=lambda obj: {"due": timezone.localdate() + timedelta(days=REVIEW_WITHIN_DAYS)},
            shown=in_state(workflow.DRAFT),
            done="Submitted. It waits for a reviewer now.",
            variant=ActionVariant.PRIMARY,
        ),
        button(
            "claim",
            "Claim review",
            "kb.review_revision",
            revision_claim,
            description=lambda obj: _claim_words(_picked(pick, obj)),
            shown=claimable,
            done="It is yours to review now.",
        ),
        button(
            "release",
            "Give review back",
            "kb.review_revision",
            revision_release,
            description="Somebody else can take it.",
            shown=claimed_by_me,
            done="It waits for somebody else now.",
        ),
        button(
            "approve",
            "Approve",
            "kb.review_revision",
            revision_approve,
            description=lambda obj: _approval_words(_picked(pick, obj)),
            shown=reviewable,
            done="Approved. It can be published now.",
            variant=ActionVariant.SUCCESS,
        ),
        button(
            "request-changes",
            "Request changes",
            "kb.review_revision",
            revision_request_changes,
            description="The revision goes back to its author with your comment.",
            form=CommentForm,
            shown=reviewable,
            done="Sent back with your comment.",
        ),
        button(
            "publish",
            "Publish",
            "kb.publish_revision",
            revision_publish,
            description="Bots answer from this text as soon as it is indexed, which takes seconds.",
            shown=in_state(workflow.APPROVED),
            done="Published. It is being indexed.",
            variant=ActionVariant.PRIMARY,
        ),
        button(
            "schedule",
            "Schedule",
            "kb.publish_revision",
            revision_schedule,
            description="It is published at that time in your name, if it still is the newest text then.",
            form=ScheduleForm,
            shown=scheduled(False),
            done="Scheduled.",
        ),
        button(
            "unschedule",
            "Unschedule",
            "kb.publish_revision",
            revision_unschedule,
            description="It stays approved, and waits for somebody to publish it.",
            shown=scheduled(True),
            done="It is not scheduled any more.",
        ),
    )


ARTICLE_MOVES = (
    *review_moves(lambda article: article.open_revision),
    Transition(
        name="rollback",
        label="Roll back",
        permission="kb.change_article",
        service=lambda actor, article, to: article_rollback(actor=actor, article=article, to=to),
        description="The earlier text becomes a new revision, which another person reviews.",
        form=RollbackForm,
        seen=lambda article: article.latest_number,
        shown=lambda request, article: earlier_publications(article).exists(),
        done="The earlier text is a new revision and waits for a reviewer.",
    ),
    Transition(
        name="expiry",
        label="Set expiry",
        permission="kb.archive_article",
        service=lambda actor, article, expires_at: article_set_expiry(
            actor=actor, article=article, expires_at=expires_at
        ),
        description="No reader sees the article from that moment on; it is archived then.",
        form=ExpiryForm,
        initial=lambda article: {"expires_at": article.expires_at},
        seen=lambda article: article.expires_at,
        shown=lambda request, article: article.archived_at is None,
        done="Noted.",
    ),
    Transition(
        name="archive",
        label="Archive",
        permission="kb.archive_article",
        service=lambda actor, article: article_archive(actor=actor, article=article),
        description="No bot answers from it any more, from the next question on. Nothing is deleted.",
        shown=lambda request, article: article.archived_at is None,
        done="Archived.",
        variant=ActionVariant.DANGER,
    ),
    Transition(
        name="unarchive",
        label="Restore",
        permission="kb.archive_article",
        service=lambda actor, article: article_unarchive(actor=actor, article=article),
        description="The article comes back as it was; if it was published, bots answer from it again.",
        shown=lambda request, article: article.archived_at is not None,
        done="Restored.",
    ),
)


def _claim_words(revision: Revision) -> str:
    if revision.claimed_by is None:
        return "Others see that you are at it."
    return f"{revision.claimed_by} has claimed it. You take it over; they see that."


def _approval_words(revision: Revision) -> str:
    count = open_comments(revision.article).count()
    words = "You have read the change below, and it may be published as it stands."
    if not count:
        return words
    return f"{words} {count} comment{' is' if count == 1 else 's are'} still open."


def _picked(pick: Pick, obj: Any) -> Revision:
    revision = pick(obj)
    if revision is None:
        raise Revision.DoesNotExist
    return revision
