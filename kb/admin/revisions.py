"""Revisions in the admin: the review queue, and each text beside what it would change. Never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import TransitionMixin
from kb import workflow
from kb.admin.articles import STATUS_COLOURS
from kb.admin.evidence import changes, preview
from kb.admin.moves import review_moves
from kb.models import Revision


def _if_open(revision: Revision) -> Revision | None:
    return revision if revision.state in workflow.OPEN else None


@admin.register(Revision)
class RevisionAdmin(TransitionMixin, ReadOnlyAdmin):
    """Every text there ever was, and who approved it."""

    list_display = ("title", "number", "state_badge", "author", "reviewer", "submitted_at", "published_at")
    list_filter = ("state", "author", "reviewer")
    list_select_related = ("author", "reviewer")
    search_fields = ("title", "article__slug")
    ordering = ("-submitted_at", "-id")
    fields = (
        "article",
        "number",
        "state",
        "summary",
        "author",
        "created_at",
        "reviewer",
        "reviewed_at",
        "review_comment",
        "published_at",
    )
    transitions = review_moves(_if_open)
    change_form_outer_after_template = "admin/kb/revision_text.html"

    class Media:
        css = {"all": ("kb/articles.css",)}

    @display(description="State", label=STATUS_COLOURS)
    def state_badge(self, revision: Revision) -> str:
        """The state."""
        return str(revision.get_state_display())

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
            context.update(changes(revision), html=preview(revision.body))
        return super().changeform_view(request, object_id, form_url, context)
