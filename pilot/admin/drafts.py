"""Drafts to read: what the agent drafted, what people said of it, what the customer got."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Prefetch
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from pilot.admin.draft_filters import FirstVerdictFilter, SentFilter, WeekFilter
from pilot.admin.review_desk import ReviewDeskMixin, said
from pilot.drafts.offers import comparison, reason_label
from pilot.drafts.queue import visible_reviews
from pilot.models import Draft, Review
from runtime.models import Turn

DECISION_BADGES = {
    Turn.Decision.ANSWER: "success",
    Turn.Decision.ACT: "success",
    Turn.Decision.CLARIFY: "warning",
    Turn.Decision.ESCALATE: "danger",
    Turn.Decision.OUT_OF_SCOPE: "info",
}


@admin.register(Draft)
class DraftAdmin(NextStepMixin, ReviewDeskMixin, ReadOnlyAdmin):
    """Every draft of every pilot. Reviews of a draft that this person may yet be asked about stay hidden."""

    list_display = ("short_text", "pilot", "week", "mode", "show_decision", "show_reviews", "show_sent")
    list_filter = (
        *("pilot", WeekFilter, "mode", ("turn__decision", admin.ChoicesFieldListFilter)),
        *(FirstVerdictFilter, SentFilter, ("happened_at", RangeDateTimeFilter)),
    )
    list_select_related = ("pilot", "turn")
    search_fields = ("turn__text", "turn__reply", "sent_text", "=conversation__customer_external_id")
    fieldsets = (
        (None, {"fields": ("show_message", "show_draft", "show_sent_text", "show_difference")}),
        ("Reviews", {"fields": ("show_all_reviews",)}),
        ("Decision", {"fields": ("show_reason", "show_turn")}),
        (
            "Where and when",
            {"fields": (("pilot", "mode"), ("happened_at", "week"), ("in_sample", "priority"))},
        ),
    )
    readonly_fields = (
        *("show_message", "show_draft", "show_sent_text", "show_difference", "show_all_reviews"),
        *("show_reason", "show_turn"),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        shown = visible_reviews(Review.objects.filter(undone_at=None), request.user.pk or 0).order_by("pk")
        drafts = super().get_queryset(request).select_related("turn__conversation", "pilot")
        return drafts.prefetch_related(Prefetch("reviews", queryset=shown, to_attr="shown_reviews"))

    def next_step(self, request: HttpRequest) -> str:
        return "No drafts yet: start a pilot under step 5. Each message in its scope becomes a draft."

    @admin.display(description="Message", ordering="id")
    def short_text(self, draft: Draft) -> str:
        """Show the beginning of the customer's message."""
        return Truncator(draft.turn.text).chars(80)

    @display(description="Decision", ordering="turn__decision", label=DECISION_BADGES)
    def show_decision(self, draft: Draft) -> tuple[str, str]:
        """Show the decision in colours."""
        return draft.turn.decision, draft.turn.get_decision_display()

    @admin.display(description="Reviews")
    def show_reviews(self, draft: Any) -> str:
        """Show what people said, as far as it may be seen."""
        if draft.shown_reviews:
            return "; ".join(said(review) for review in draft.shown_reviews)
        return "waits for one" if draft.missing else "–"

    @admin.display(description="Sent", ordering="sent_at")
    def show_sent(self, draft: Draft) -> str:
        """Show how the customer got an answer."""
        return draft.get_sent_via_display() or "–"

    @admin.display(description="Customer")
    def show_message(self, draft: Draft) -> str:
        """Show the customer's message."""
        return lines_html(draft.turn.text)

    @admin.display(description="Draft")
    def show_draft(self, draft: Draft) -> str:
        """Show the draft as it was written."""
        return lines_html(draft.turn.reply or "–")

    @admin.display(description="Sent")
    def show_sent_text(self, draft: Draft) -> str:
        """Show what the customer got, by whom and when."""
        return render_to_string("admin/pilot/draft_sent.html", {"draft": draft})

    @admin.display(description="Draft → sent")
    def show_difference(self, draft: Draft) -> str:
        """Show word by word what people changed."""
        if draft.sent_at is None:
            return "–"
        if draft.sent_text == draft.turn.reply:
            return "Sent as it was drafted."
        return difference_html(draft.turn.reply, draft.sent_text)

    @admin.display(description="What people said")
    def show_all_reviews(self, draft: Any) -> str:
        """Show each review that may be seen, with what its author changed."""
        reviews = [
            (review, said(review), difference_html(draft.turn.reply, review.final_text))
            for review in draft.shown_reviews
        ]
        return render_to_string("admin/pilot/draft_reviews.html", {"draft": draft, "reviews": reviews})

    @admin.display(description="Decided")
    def show_reason(self, draft: Draft) -> str:
        """Show the decision and its reason."""
        return f"{draft.turn.get_decision_display()}: {reason_label(draft.turn)}"

    @admin.display(description="Turn")
    def show_turn(self, draft: Draft) -> str:
        """Link to everything that led to the draft."""
        return format_html(
            '<a class="underline" href="{}">Turn with trace</a> · '
            '<a class="underline" href="{}">Conversation</a>',
            reverse("admin:runtime_turn_change", args=(draft.turn_id,)),
            reverse("admin:runtime_conversation_change", args=(draft.conversation_id,)),
        )


def lines_html(text: str) -> str:
    """Return a text line by line as HTML that is escaped."""
    return render_to_string("admin/pilot/text_lines.html", {"text": text})


def difference_html(before: str, after: str) -> str:
    """Return a comparison word by word as HTML whose every text is escaped; nothing without a second text."""
    if not after:
        return ""
    words = comparison(before, after)
    return render_to_string("admin/pilot/word_diff.html", {"words": words, "text": after})
