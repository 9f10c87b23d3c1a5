"""The list of reviews, read-only and as CSV that no spreadsheet calculates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from core.spreadsheet import csv_text
from pilot.admin.draft_filters import ReviewWeekFilter
from pilot.admin.drafts import difference_html, lines_html
from pilot.drafts.queue import visible_reviews
from pilot.models import Review

MAX_EXPORTED = 50_000
OUTCOME_BADGES = {"approved": "success", "edited": "warning", "rejected": "danger"}
CSV_HEADER = (
    *("reviewed_at", "person", "role", "pilot", "week", "draft", "turn", "message", "draft_text"),
    *("outcome", "verdict", "tier", "final_text", "note", "seconds", "sent_via", "taken_back_at"),
)


@admin.register(Review)
class ReviewAdmin(NextStepMixin, ReadOnlyAdmin):
    """Who said what about which draft. What is still to be judged by this person stays hidden."""

    list_display = ("short_text", "show_outcome", "verdict", "tier", "person_name", "role", "reviewed_at")
    list_filter = (
        *("draft__pilot", ReviewWeekFilter, "outcome", "verdict", "person_name", "role"),
        ("reviewed_at", RangeDateTimeFilter),
    )
    list_select_related = ("draft__turn", "draft__pilot")
    search_fields = ("draft__turn__text", "draft__turn__reply", "final_text", "note", "person_name", "tier")
    fields = (
        *("show_draft", "outcome", "verdict", "tier", "show_difference", "note"),
        *("person_name", "role", "seconds", "reviewed_at", "undone_at"),
    )
    readonly_fields = ("show_draft", "show_difference")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.export_view))
        return [path("export/", view, name="pilot_review_export"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return visible_reviews(super().get_queryset(request), request.user.pk or 0)

    def next_step(self, request: HttpRequest) -> str:
        return "Nobody has reviewed a draft yet: open “Review drafts” under step 5."

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        query = request.GET.urlencode()
        address = reverse("admin:pilot_review_export") + (f"?{query}" if query else "")
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data["actions_list"] = [
                *response.context_data.get("actions_list", []),
                {
                    "title": "Export as CSV",
                    "path": address,
                    "variant": ActionVariant.DEFAULT,
                    "attrs": {},
                    "icon": None,
                    "dialog": None,
                },
            ]
        return response

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the reviews that the list shows under the same filters, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = list(self.get_changelist_instance(request).get_queryset(request)[: MAX_EXPORTED + 1])
        if len(found) > MAX_EXPORTED:
            messages.error(request, f"Export at most {MAX_EXPORTED:,} reviews at a time; filter by date.")
            return HttpResponseRedirect(reverse("admin:pilot_review_changelist"))
        text = csv_text(CSV_HEADER, map(_csv_row, found))
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="reviews.csv"'
        return response

    @admin.display(description="Message")
    def short_text(self, review: Review) -> str:
        """Show the beginning of the customer's message."""
        return Truncator(review.draft.turn.text).chars(80)

    @display(description="Outcome", ordering="outcome", label=OUTCOME_BADGES)
    def show_outcome(self, review: Review) -> tuple[str, str]:
        """Show the outcome in colours."""
        label = review.get_outcome_display()
        return review.outcome, f"{label} (taken back)" if review.undone_at else label

    @admin.display(description="Draft")
    def show_draft(self, review: Review) -> str:
        """Link to the draft, with the customer's message."""
        address = reverse("admin:pilot_draft_change", args=(review.draft_id,))
        return format_html(
            '{}<a class="underline" href="{}">Draft {}</a>',
            lines_html(review.draft.turn.text),
            address,
            review.draft_id,
        )

    @admin.display(description="What was changed")
    def show_difference(self, review: Review) -> str:
        """Show word by word what the reviewer changed."""
        return difference_html(review.draft.turn.reply, review.final_text) or "–"


def _csv_row(review: Review) -> tuple[object, ...]:
    draft = review.draft
    return (
        localtime(review.reviewed_at).isoformat(timespec="seconds"),
        *(review.person_name, review.role, draft.pilot.name, draft.week.isoformat(), draft.pk),
        *(draft.turn_id, draft.turn.text, draft.turn.reply, review.outcome, review.verdict, review.tier),
        *(review.final_text, review.note, review.seconds, draft.sent_via),
        localtime(review.undone_at).isoformat(timespec="seconds") if review.undone_at else "",
    )
