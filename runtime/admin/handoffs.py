"""All handoffs, to look up and to move; the desk of those who take over is runtime.admin.desk."""

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
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from escalation.selectors import why_sentence
from runtime.admin.anger import label_transitions
from runtime.admin.deliveries import show_deliveries
from runtime.admin.desk import DeskMixin
from runtime.admin.scope_filters import HANDOFF_FILTERS
from runtime.admin.waiting import WaitingMixin
from runtime.models import Handoff
from runtime.repeats.selectors import packet_glance
from runtime.services import handoff_accept, handoff_release, handoff_resolve, handoff_return
from runtime.services.handoffs import PERMISSION

HANDOFF_BADGES = {
    Handoff.State.REQUESTED: "warning",
    Handoff.State.QUEUED: "danger",
    Handoff.State.ACCEPTED: "warning",
    Handoff.State.RESOLVED: "success",
    Handoff.State.RETURNED: "info",
}


class NoteForm(TransitionForm):
    """What the person says about the outcome."""

    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea({"rows": 4}))


class OutcomeForm(NoteForm):
    """How it was resolved."""

    outcome = forms.ChoiceField(choices=Handoff.Outcome.choices)

    field_order = ("outcome", "note")


@admin.register(Handoff)
class HandoffAdmin(DeskMixin, WaitingMixin, TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Every handoff that there was: what the customer wanted, what the agent knew, how it ended."""

    list_display = (
        *("id", "show_message", "reason", "team", "show_state", "requested"),
        *("accepted_by", "outcome", "complete"),
    )
    list_filter = (
        *("state", "team", "reason", "outcome", "off_hours", "complete"),
        *HANDOFF_FILTERS,
        ("requested_at", RangeDateTimeFilter),
    )
    search_fields = ("=conversation__id", "conversation__customer_external_id", "accepted_by")
    fieldsets = (
        (None, {"fields": ("show_packet", "show_messages")}),
        (
            "State",
            {
                "fields": (
                    ("state", "reason", "complete"),
                    ("team", "off_hours", "contact_email"),
                    "show_conversation",
                )
            },
        ),
        (
            "Times",
            {"fields": (("requested_at", "queued_at"), ("accepted_at", "accepted_by"))}
            | {"description": "Waiting times shown to customers are taken from these."},
        ),
        ("End", {"fields": (("outcome", "finished_at", "finished_by"), "note")}),
        ("Told elsewhere", {"fields": ("show_told",)}),
    )
    readonly_fields = ("show_packet", "show_messages", "show_conversation", "show_told")
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
            form=OutcomeForm,
            shown=lambda request, handoff: handoff.state == Handoff.State.ACCEPTED,
            variant=ActionVariant.SUCCESS,
        ),
        Transition(
            name="release",
            label="Back into the queue",
            permission=PERMISSION,
            service=lambda actor, handoff: handoff_release(actor=actor, handoff=handoff),
            description="Somebody else may take it. The customer waits on, and the agent stays silent.",
            shown=lambda request, handoff: handoff.state == Handoff.State.ACCEPTED,
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
        *label_transitions(lambda handoff: handoff.turn),
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
            else rows.defer("packet").select_related("turn", "team")
        )

    @admin.display(description="For you to know")
    def show_packet(self, handoff: Handoff) -> str:
        """Show the packet, transcript first."""
        return render_to_string(
            "admin/runtime/packet.html",
            {
                "packet": handoff.packet,
                "glance": packet_glance(handoff.packet),
                "why": why_sentence(handoff.rule_id, handoff.rule_version),
            },
        )

    @admin.display(description="Other systems")
    def show_told(self, handoff: Handoff) -> str:
        """Show which other systems were told, and what of it failed."""
        return show_deliveries(handoff)

    @admin.display(description="Written since")
    def show_messages(self, handoff: Handoff) -> str:
        """Show what the person and the customer wrote to each other."""
        messages = handoff.messages.order_by("pk")
        return render_to_string("admin/runtime/handoff_messages.html", {"messages": messages})

    def next_step(self, request: HttpRequest) -> str:
        return (
            "No customer has been handed over yet. Ask for a human in the customer chat to see how it goes."
        )

    @display(description="State", ordering="state", label=HANDOFF_BADGES)
    def show_state(self, handoff: Handoff) -> tuple[str, str]:
        """Show the state in colours."""
        return handoff.state, handoff.get_state_display()

    @admin.display(description="Conversation")
    def show_conversation(self, handoff: Handoff) -> str:
        """Link to the conversation."""
        address = reverse("admin:runtime_conversation_change", args=(handoff.conversation_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, handoff.conversation_id)
