"""The buttons that move articles and revisions; which moves are legal is decided by kb.review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin_transitions import Transition, TransitionForm
from kb import workflow
from kb.admin.evidence import decision_evidence, publication_evidence
from kb.models import Article, Revision
from kb.review import (
    MAX_COMMENT_LENGTH,
    article_archive,
    article_rollback,
    article_unarchive,
    revision_approve,
    revision_publish,
    revision_request_changes,
    revision_submit,
    writer_ids,
)

Pick = Callable[[Any], Revision | None]


class CommentForm(TransitionForm):
    """What must change before the text can be approved."""

    comment = forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), max_length=MAX_COMMENT_LENGTH)


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
            shown=in_state(workflow.DRAFT),
            done="Submitted. It waits for a reviewer now.",
            variant=ActionVariant.PRIMARY,
        ),
        button(
            "approve",
            "Approve",
            "kb.review_revision",
            revision_approve,
            description="You have read the change below, and it may be published as it stands.",
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


def _picked(pick: Pick, obj: Any) -> Revision:
    revision = pick(obj)
    if revision is None:
        raise Revision.DoesNotExist
    return revision
