"""Admin pages of the runtime: conversations and turns to read, the inbox of handoffs to work through."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from runtime.models import Conversation, Feedback, Handoff, Turn
from runtime.services import handoff_accept, handoff_resolve, handoff_return
from runtime.services.handoffs import PERMISSION

CONVERSATION_BADGES = {
    Conversation.State.OPEN: "success",
    Conversation.State.WAITING_FOR_HUMAN: "danger",
    Conversation.State.WITH_HUMAN: "warning",
    Conversation.State.CLOSED: "info",
}
DECISION_BADGES = {
    Turn.Decision.ANSWER: "success",
    Turn.Decision.CLARIFY: "warning",
    Turn.Decision.ESCALATE: "danger",
    Turn.Decision.OUT_OF_SCOPE: "info",
}
HANDOFF_BADGES = {
    Handoff.State.REQUESTED: "warning",
    Handoff.State.QUEUED: "danger",
    Handoff.State.ACCEPTED: "warning",
    Handoff.State.RESOLVED: "success",
    Handoff.State.RETURNED: "info",
}


class TurnInline(TabularInline):
    """The turns of a conversation."""

    model = Turn
    fields = ("number", "text", "decision", "reason", "intent", "confidence", "reply", "created_at")
    readonly_fields = fields
    ordering = ("number",)
    extra = 0
    max_num = 0
    per_page = 20
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """What was said, by whom, and who has the conversation now."""

    inlines = (TurnInline,)
    list_display = ("id", "channel", "customer_external_id", "show_state", "turn_count", "updated_at")
    list_filter = ("state", "channel", ("created_at", RangeDateTimeFilter))
    search_fields = ("=id", "customer_external_id")
    fields = (
        "id",
        "channel",
        "show_state",
        ("customer_external_id", "customer_verified"),
        ("user_type", "tier"),
        ("turn_count", "clarifications_used", "human_requests"),
        "api_key",
        ("created_at", "updated_at"),
    )
    readonly_fields = ("show_state",)

    @display(description="State", ordering="state", label=CONVERSATION_BADGES)
    def show_state(self, conversation: Conversation) -> tuple[str, str]:
        """Show who has the conversation."""
        return conversation.state, conversation.get_state_display()


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    """One decision with everything that led to it."""

    list_display = ("id", "short_text", "show_decision", "reason", "intent", "show_confidence", "created_at")
    list_filter = ("decision", "reason", "mode", "is_fallback", ("created_at", RangeDateTimeFilter))
    list_select_related = ()
    search_fields = ("text", "intent")
    fieldsets = (
        (None, {"fields": ("show_conversation", "text", "show_decision", "reason", "show_reply")}),
        ("Intent", {"fields": (("intent", "confidence", "threshold", "margin", "is_fallback"),)}),
        ("Rule", {"fields": (("rule_trigger", "rule_kind", "rule_id", "rule_version"), "matched_text")}),
        ("Versions", {"fields": (("release", "model_version", "index_version", "rule_set_version"),)}),
        ("Trace", {"fields": ("show_trace",)}),
        ("When and where", {"fields": (("created_at", "page", "mode", "delivered"),)}),
    )
    readonly_fields = ("show_conversation", "show_decision", "show_reply", "show_trace")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("trace")

    @admin.display(description="Message", ordering="id")
    def short_text(self, turn: Turn) -> str:
        """Show the beginning of the message."""
        return turn.text if len(turn.text) <= 80 else f"{turn.text[:80]}…"

    @admin.display(description="Conversation")
    def show_conversation(self, turn: Turn) -> str:
        """Link to the whole conversation."""
        address = reverse("admin:runtime_conversation_change", args=(turn.conversation_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, turn)

    @display(description="Decision", ordering="decision", label=DECISION_BADGES)
    def show_decision(self, turn: Turn) -> tuple[str, str]:
        """Show the decision in colours."""
        return turn.decision, turn.get_decision_display()

    @admin.display(description="Confidence", ordering="confidence")
    def show_confidence(self, turn: Turn) -> str:
        """Show the confidence in percent; nothing where no model was asked."""
        return "–" if turn.confidence is None else f"{turn.confidence:.0%}"

    @admin.display(description="Reply")
    def show_reply(self, turn: Turn) -> str:
        """Show the reply as the customer got it, line by line."""
        return format_html('<div class="whitespace-pre-wrap">{}</div>', turn.reply)

    @admin.display(description="Steps")
    def show_trace(self, turn: Turn) -> str:
        """Show each step's time and findings."""
        return render_to_string("admin/runtime/trace.html", {"trace": turn.trace})


class NoteForm(TransitionForm):
    """What the person says about the outcome."""

    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea({"rows": 4}))


@admin.register(Handoff)
class HandoffAdmin(TransitionMixin, ReadOnlyAdmin):
    """The inbox of those who take over: what the customer wants, and what the agent knows already."""

    list_display = ("id", "show_message", "reason", "show_state", "requested", "accepted_by", "complete")
    list_filter = ("state", "reason", "complete", ("requested_at", RangeDateTimeFilter))
    search_fields = ("=conversation__id", "conversation__customer_external_id", "accepted_by")
    fieldsets = (
        (None, {"fields": ("show_packet",)}),
        ("State", {"fields": (("show_state", "reason", "complete"), "show_conversation", "note")}),
        (
            "Times",
            {"fields": (("requested_at", "queued_at"), ("accepted_at", "accepted_by"))}
            | {"description": "Waiting times shown to customers are taken from these."},
        ),
        ("End", {"fields": (("finished_at", "finished_by"),)}),
    )
    readonly_fields = ("show_packet", "show_state", "show_conversation")
    transitions = (
        Transition(
            name="accept",
            label="Accept",
            permission=PERMISSION,
            service=lambda actor, handoff: handoff_accept(actor=actor, handoff=handoff),
            description="You take the conversation. The agent stays silent in it.",
            shown=lambda request, handoff: handoff.state == Handoff.State.QUEUED,
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="resolve",
            label="Resolve",
            permission=PERMISSION,
            service=lambda actor, handoff, **data: handoff_resolve(actor=actor, handoff=handoff, **data),
            description="The customer's problem is settled. The conversation is closed.",
            form=NoteForm,
            shown=lambda request, handoff: handoff.state == Handoff.State.ACCEPTED,
            variant=ActionVariant.SUCCESS,
        ),
        Transition(
            name="return",
            label="Return to the agent",
            permission=PERMISSION,
            service=lambda actor, handoff, **data: handoff_return(actor=actor, handoff=handoff, **data),
            description="The agent answers again, from the customer's next message on.",
            form=NoteForm,
            shown=lambda request, handoff: handoff.state in (Handoff.State.QUEUED, Handoff.State.ACCEPTED),
        ),
    )

    @admin.display(description="Customer's message")
    def show_message(self, handoff: Handoff) -> str:
        """Show the message that led here."""
        return Truncator(handoff.turn.text).chars(80)

    @admin.display(description="Requested", ordering="requested_at")
    def requested(self, handoff: Handoff) -> str:
        """Return how long ago the customer was passed on."""
        return str(naturaltime(handoff.requested_at))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        return (
            rows
            if request.resolver_match and "object_id" in request.resolver_match.kwargs
            else rows.defer("packet").select_related("turn")
        )

    @admin.display(description="For you to know")
    def show_packet(self, handoff: Handoff) -> str:
        """Show the packet, transcript first."""
        return render_to_string("admin/runtime/packet.html", {"packet": handoff.packet})

    @display(description="State", ordering="state", label=HANDOFF_BADGES)
    def show_state(self, handoff: Handoff) -> tuple[str, str]:
        """Show the state in colours."""
        return handoff.state, handoff.get_state_display()

    @admin.display(description="Conversation")
    def show_conversation(self, handoff: Handoff) -> str:
        """Link to the conversation."""
        address = reverse("admin:runtime_conversation_change", args=(handoff.conversation_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, handoff.conversation_id)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What customers thought."""

    list_display = ("id", "turn", "rating", "csat", "reopened", "comment", "created_at")
    list_filter = ("rating", "csat", "reopened", ("created_at", RangeDateTimeFilter))
    list_select_related = ("turn",)
    search_fields = ("comment",)
