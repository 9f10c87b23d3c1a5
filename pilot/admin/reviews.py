"""The list of reviews, read-only and as CSV that no spreadsheet calculates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from core.admin_export import CsvExportMixin
from pilot.admin.draft_filters import ReviewWeekFilter
from pilot.admin.drafts import difference_html, lines_html
from pilot.drafts.queue import visible_reviews
from pilot.models import Review

OUTCOME_BADGES = {"approved": "success", "edited": "warning", "rejected": "danger"}
CSV_HEADER = (
    *("reviewed_at", "person", "role", "pilot", "week", "draft", "turn", "message", "draft_text"),
    *("outcome", "verdict", "tier", "final_text", "note", "seconds", "sent_via", "taken_back_at"),
)


@admin.register(Review)
class ReviewAdmin(CsvExportMixin, NextStepMixin, ReadOnlyAdmin):
    """Who said what about which draft. What is still to be judged by this person stays hidden."""

    csv_name = "reviews"
    csv_header = CSV_HEADER
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

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return visible_reviews(super().get_queryset(request), request.user.pk or 0)

    def next_step(self, request: HttpRequest) -> str:
        return "Nobody has reviewed a draft yet: open “Review drafts” under step 5."

    def csv_row(self, request: HttpRequest, row: Any) -> Sequence[object]:
        return _csv_row(row)

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
