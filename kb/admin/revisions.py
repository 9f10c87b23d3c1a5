"""Revisions in the admin: the review queue, and each text beside what it would change. Never edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin, actor_of
from core.admin_transitions import TransitionMixin
from core.errors import DomainError
from kb import workflow
from kb.admin.articles import STATUS_COLOURS
from kb.admin.evidence import changes, preview
from kb.admin.lint import lint_context
from kb.admin.moves import review_moves
from kb.line_comments import MAX_LENGTH, comment_add, comment_resolve, lines_of
from kb.models import LineComment, Revision

MAX_COMPARABLE = 100
MAX_NUMBER_DIGITS = 9


class QueueFilter(admin.SimpleListFilter):
    """What waits for a reviewer: all of it, mine, nobody's, or what is late."""

    title = "review queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("waiting", "Waits for a review"),
            ("mine", "Claimed by me"),
            ("free", "Claimed by nobody"),
            ("late", "Late"),
            ("scheduled", "Scheduled"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Revision]) -> QuerySet[Revision]:
        waiting = queryset.filter(state=workflow.IN_REVIEW).order_by("review_due", "submitted_at")
        match self.value():
            case "waiting":
                return waiting
            case "mine":
                return waiting.filter(claimed_by=request.user.pk)
            case "free":
                return waiting.filter(claimed_by=None)
            case "late":
                return waiting.filter(review_due__lt=timezone.localdate())
            case "scheduled":
                scheduled = queryset.filter(state=workflow.APPROVED, publish_at__isnull=False)
                return scheduled.order_by("publish_at")
            case _:
                return queryset


class CommentForm(forms.Form):
    """A comment on one line."""

    line = forms.IntegerField(min_value=0)
    text = forms.CharField(max_length=MAX_LENGTH)


def _if_open(revision: Revision) -> Revision | None:
    return revision if revision.state in workflow.OPEN else None


@admin.register(Revision)
class RevisionAdmin(TransitionMixin, ReadOnlyAdmin):
    """Every text there ever was, and who approved it."""

    list_display = (
        "title",
        "number",
        "state_badge",
        "author",
        "due",
        "claimed_by",
        "reviewer",
        "submitted_at",
        "published_at",
    )
    list_filter = (QueueFilter, "state", "author", "reviewer")
    list_select_related = ("author", "reviewer", "claimed_by")
    search_fields = ("title", "article__slug")
    ordering = ("-submitted_at", "-id")
    fields = (
        ("article", "number"),
        ("state", "summary"),
        ("author", "created_at"),
        ("review_due", "claimed_by"),
        ("reviewer", "reviewed_at"),
        "review_comment",
        ("publish_at", "scheduled_by"),
        "published_at",
    )
    transitions = review_moves(_if_open)
    change_form_outer_after_template = "admin/kb/revision_text.html"

    class Media:
        css = {"all": ("kb/articles.css",)}
        js = ("kb/line_comments.js",)

    @display(description="State", label=STATUS_COLOURS)
    def state_badge(self, revision: Revision) -> str:
        """The state."""
        return str(revision.get_state_display())

    @display(description="Due", ordering="review_due", label={"late": "danger", "waits": "info"})
    def due(self, revision: Revision) -> tuple[str, str] | str:
        """The day by which it is to be reviewed, while it waits."""
        if revision.state != workflow.IN_REVIEW or revision.review_due is None:
            return ""
        late = revision.review_due < timezone.localdate()
        return ("late" if late else "waits"), f"{revision.review_due:%Y-%m-%d}{' late' if late else ''}"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/comment/", wrap(require_POST(self.comment_view)), name="kb_revision_comment"),
            path(
                "<int:pk>/comment/<int:comment>/resolve/",
                wrap(require_POST(self.resolve_view)),
                name="kb_revision_comment_resolve",
            ),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        revision = self.get_object(request, object_id or "")
        if revision is not None and self.has_view_permission(request, revision):
            earlier = Revision.objects.filter(article_id=revision.article_id).exclude(pk=revision.pk)
            context.update(
                changes(revision, against=_chosen(earlier, request.GET.get("against", ""))),
                html=preview(revision.body),
                **lint_context(revision),
                earlier=earlier.order_by("-number")[:MAX_COMPARABLE],
                may_comment=_may_comment(request) and revision.state in workflow.OPEN,
                last_line=len(lines_of(revision)) - 1,
            )
        return super().changeform_view(request, object_id, form_url, context)

    def comment_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a comment to a line; a refusal shows the page again with what was typed."""
        revision = self._revision(request, pk)
        form = CommentForm(request.POST)
        refusal = "Write a comment, and name a line of the text."
        if form.is_valid():
            try:
                comment = comment_add(actor=actor_of(request), revision=revision, **form.cleaned_data)
            except DomainError as error:
                refusal = error.message
            else:
                return HttpResponseRedirect(f"{self._change_url(revision)}#comment-{comment.pk}")
        request.method = "GET"  # the page itself takes no POST
        typed = {"comment_line": request.POST.get("line", ""), "comment_text": request.POST.get("text", "")}
        context = {"comment_refusal": refusal, **typed}
        response = self.changeform_view(request, str(pk), "", context)
        response.status_code = 400
        return response

    def resolve_view(self, request: HttpRequest, pk: int, comment: int) -> HttpResponse:
        """Mark a comment as settled."""
        revision = self._revision(request, pk)
        found = get_object_or_404(LineComment, pk=comment, revision__article_id=revision.article_id)
        try:
            comment_resolve(actor=actor_of(request), comment=found)
            messages.success(request, "Resolved.")
        except DomainError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(f"{self._change_url(revision)}#changes")

    def _revision(self, request: HttpRequest, pk: int) -> Revision:
        if not _may_comment(request):
            raise PermissionDenied
        revision = self.get_object(request, str(pk))
        if revision is None:
            raise Http404
        return revision


def _chosen(revisions: models.QuerySet[Revision], number: str) -> Revision | None:
    """Return the revision that somebody wants to compare with."""
    if not (number.isdecimal() and len(number) <= MAX_NUMBER_DIGITS):
        return None
    return revisions.filter(number=int(number)).first()


def _may_comment(request: HttpRequest) -> bool:
    """Whether the person takes part in reviews: as a reviewer, or as somebody who writes articles."""
    return request.user.has_perm("kb.review_revision") or request.user.has_perm("kb.change_article")
