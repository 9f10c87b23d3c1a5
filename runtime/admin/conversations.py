"""Conversations and turns to read, each with its trace, and what customers thought of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionMixin
from escalation.selectors import why_sentence
from runtime.admin.anger import label_transitions, shown_label
from runtime.admin.pilot_filters import PilotFilter
from runtime.admin.scope_filters import CONVERSATION_FILTERS, FEEDBACK_FILTERS
from runtime.drafting.telling import drafts_told
from runtime.models import Conversation, Feedback, Turn
from runtime.ports import pilot_names

CONVERSATION_BADGES = {
    Conversation.State.OPEN: "success",
    Conversation.State.WAITING_FOR_HUMAN: "danger",
    Conversation.State.WITH_HUMAN: "warning",
    Conversation.State.CLOSED: "info",
}
MAX_RUNS = 20  # newest first, on a conversation's page
DECISION_BADGES = {
    Turn.Decision.ANSWER: "success",
    Turn.Decision.ACT: "success",
    Turn.Decision.CLARIFY: "warning",
    Turn.Decision.ESCALATE: "danger",
    Turn.Decision.OUT_OF_SCOPE: "info",
    Turn.Decision.NOT_IN_PILOT: "info",
}


_offered: list[Transition] = []


def transition_offer(transition: Transition) -> None:
    """Add a button to a conversation's page, for the apps above; it replaces one of its name."""
    _offered[:] = [*(one for one in _offered if one.name != transition.name), transition]


class TurnInline(TabularInline):
    """The turns of a conversation."""

    model = Turn
    fields = (
        *("number", "text", "decision", "reason", "mode", "delivered"),
        *("intent", "confidence", "reply", "created_at"),
    )
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
class ConversationAdmin(TransitionMixin, ReadOnlyAdmin):
    """What was said, by whom, and who has the conversation now."""

    transitions = _offered

    inlines = (TurnInline,)
    list_display = (
        *("id", "channel", "customer_external_id", "show_state"),
        *("pilot_id", "turn_count", "updated_at"),
    )
    list_filter = ("state", "channel", *CONVERSATION_FILTERS, ("created_at", RangeDateTimeFilter))
    search_fields = ("=id", "customer_external_id")
    fields = (
        "id",
        ("channel", "state"),
        ("customer_external_id", "customer_verified"),
        ("user_type", "tier"),
        ("turn_count", "clarifications_used", "human_requests"),
        ("show_pilot", "show_source"),
        ("created_at", "updated_at"),
        "show_flows",
    )
    readonly_fields = ("show_pilot", "show_source", "show_flows")

    @display(description="State", ordering="state", label=CONVERSATION_BADGES)
    def show_state(self, conversation: Conversation) -> tuple[str, str]:
        """Show who has the conversation."""
        return conversation.state, conversation.get_state_display()

    @admin.display(description="Pilot")
    def show_pilot(self, conversation: Conversation) -> str:
        """Name the pilot that has taken it."""
        pk = conversation.pilot_id
        return "–" if pk is None else pilot_names([pk]).get(pk, f"Pilot {pk}")

    @admin.display(description="Came from")
    def show_source(self, conversation: Conversation) -> str:
        """Say which bot, webhook or closed ticket it came from."""
        if conversation.ticket_id is not None:
            address = reverse("admin:tickets_ticket_change", args=(conversation.ticket_id,))
            return format_html(
                '<a class="underline" href="{}">Closed ticket {}</a>, replayed: no customer was served',
                *(address, conversation.ticket_id),
            )
        thread = conversation.inbound_threads.select_related("source").first()
        if thread is None:
            return str(conversation.api_key or "This product’s own pages")
        address = reverse("admin:runtime_inboundevent_changelist")
        return format_html(
            '<a class="underline" href="{}?thread__exact={}">{}, conversation {}</a>{}',
            *(address, thread.pk, thread.source, thread.external_id),
            f", solved there {date_format(thread.ended_at, 'j M Y H:i')}" if thread.ended_at else "",
        )

    @admin.display(description="Resolution flows")
    def show_flows(self, conversation: Conversation) -> str:
        """Show each run: where it stands, what was collected and what happened."""
        runs = conversation.flow_runs.select_related("version__flow").order_by("-number")[:MAX_RUNS]
        return render_to_string("admin/runtime/flow_runs.html", {"runs": runs})


@admin.register(Turn)
class TurnAdmin(TransitionMixin, ReadOnlyAdmin):
    """One decision with everything that led to it."""

    transitions = label_transitions(lambda turn: turn)
    list_display = ("id", "short_text", "show_decision", "reason", "intent", "show_confidence", "created_at")
    list_filter = (
        "decision",
        "reason",
        "mode",
        "delivered",
        PilotFilter,
        "is_fallback",
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ()
    search_fields = ("text", "intent")
    fieldsets = (
        (
            None,
            {"fields": ("show_conversation", "text", "show_decision", "reason", "show_reply", "show_sent")},
        ),
        (
            "Intent",
            {"fields": (("intent", "confidence", "threshold", "margin", "is_fallback"), "show_why")},
        ),
        ("Flow", {"fields": ("show_flow",)}),
        ("Anger", {"fields": ("show_anger",)}),
        (
            "Rule",
            {
                "fields": (
                    ("rule_trigger", "rule_kind", "rule_id", "rule_version"),
                    "show_rule",
                    "matched_text",
                )
            },
        ),
        ("Versions", {"fields": (("release", "model_version", "index_version", "show_rule_set"),)}),
        ("Trace", {"fields": ("show_trace",)}),
        ("When and where", {"fields": (("created_at", "page", "mode", "delivered"),)}),
    )
    readonly_fields = (
        "show_conversation",
        "show_decision",
        "show_reply",
        "show_sent",
        "show_why",
        "show_flow",
        "show_rule",
        "show_rule_set",
        "show_anger",
        "show_trace",
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("trace", "anger_label")

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

    @admin.display(description="Is it right?")
    def show_why(self, turn: Turn) -> str:
        """Link to what decided, and to keeping the message as a test phrase."""
        test = urlencode({"text": turn.text, "origin": "review", "source_ref": f"turn:{turn.pk}"})
        return format_html(
            '<a class="underline" href="{}?{}">Why this intent?</a> · '
            '<a class="underline" href="{}?{}">Test every later model with this message</a>',
            reverse("admin:intents_why"),
            urlencode({"text": turn.text}),
            reverse("admin:intents_evaluationcase_add"),
            test,
        )

    @admin.display(description="Reply")
    def show_reply(self, turn: Turn) -> str:
        """Show the reply line by line."""
        return format_html('<div class="whitespace-pre-wrap">{}</div>', turn.reply)

    @admin.display(description="The customer got")
    def show_sent(self, turn: Turn) -> str:
        """Say whether the customer got the reply, what people let through in its place, or nothing."""
        if turn.delivered:
            return "The reply, at once."
        if not turn.sent_text:
            return "Nothing from here: it was only drafted."
        return format_html('<div class="whitespace-pre-wrap">{}</div>', turn.sent_text)

    @admin.display(description="Resolution flow")
    def show_flow(self, turn: Turn) -> str:
        """Show where the turn left a flow and what was done in other systems."""
        return render_to_string("admin/runtime/turn_flow.html", {"turn": turn})

    @admin.display(description="In words")
    def show_rule(self, turn: Turn) -> str:
        """Show the rule as it was when it decided."""
        return why_sentence(turn.rule_id, turn.rule_version) or "No rule decided."

    @admin.display(description="Rule set")
    def show_rule_set(self, turn: Turn) -> str:
        """Link to all rules as they stood together."""
        if not turn.rule_set_version:
            return "None: no rule had been enabled."
        address = reverse("admin:escalation_rulesetversion_number", args=(turn.rule_set_version,))
        return format_html('<a class="underline" href="{}">version {}</a>', address, turn.rule_set_version)

    @admin.display(description="Was the customer angry?")
    def show_anger(self, turn: Turn) -> str:
        """Show the detector's score with the words that weighed most, and what people say."""
        return shown_label(turn)

    @admin.display(description="Steps")
    def show_trace(self, turn: Turn) -> str:
        """Show each step's time and findings."""
        return render_to_string(
            "admin/runtime/trace.html", {"trace": turn.trace, "drafts": drafts_told(turn.trace.steps)}
        )


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What customers thought."""

    list_display = ("id", "turn", "rating", "csat", "reopened", "comment", "created_at")
    list_filter = ("rating", "csat", "reopened", *FEEDBACK_FILTERS, ("created_at", RangeDateTimeFilter))
    list_select_related = ("turn",)
    search_fields = ("comment",)
