"""What other systems were told of handoffs, and the acts on what failed or is not known."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from runtime.actions.reconciling import SETTLE
from runtime.admin.action_ledger import SettleForm
from runtime.delivery.sending import payload_of
from runtime.delivery.settling import RETRY, delivery_look, delivery_retry, delivery_settle
from runtime.models import Handoff, HandoffDelivery

BADGES = {
    HandoffDelivery.State.WAITING: "info",
    HandoffDelivery.State.SENT: "success",
    HandoffDelivery.State.FAILED: "danger",
    HandoffDelivery.State.UNKNOWN: "warning",
}
MAX_SHOWN = 100  # of one handoff


def _is_unknown(request: HttpRequest, delivery: HandoffDelivery) -> bool:
    return delivery.state == HandoffDelivery.State.UNKNOWN


@admin.register(HandoffDelivery)
class HandoffDeliveryAdmin(TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Each event of a handoff that another system was told of, or was to be."""

    list_display = (
        *("id", "show_handoff", "destination", "event", "show_state"),
        *("show_message", "show_external", "created_at", "sent_at"),
    )
    list_filter = ("state", "destination", "event", ("created_at", RangeDateTimeFilter))
    list_select_related = ("destination",)
    search_fields = ("=handoff__id", "external_id")
    search_help_text = "Search by the handoff's number or the ticket's"
    fieldsets = (
        (None, {"fields": (("state", "event"), ("show_handoff", "destination"), "show_message")}),
        ("In the other system", {"fields": ("show_external",)}),
        ("What was sent", {"fields": ("show_payload", "show_call")}),
        ("How it goes on", {"fields": (("retries", "due_at"), "tried_since")}),
        ("Times", {"fields": (("created_at", "sent_at"),)}),
    )
    readonly_fields = (
        "show_handoff",
        "show_message",
        "show_external",
        "show_payload",
        "show_call",
    )
    actions = ("send_again",)
    transitions = (
        Transition(
            name="retry",
            label="Send again",
            permission=RETRY,
            service=lambda actor, delivery: delivery_retry(actor=actor, delivery=delivery),
            description="It had no effect, so it may be sent again, with the settings as they are now. A job "
            "sends it.",
            evidence=lambda request, delivery: _next_payload(delivery),
            shown=lambda request, delivery: delivery.state == HandoffDelivery.State.FAILED,
            done="It is being sent.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="look",
            label="Look now",
            permission=SETTLE,
            service=lambda actor, delivery: delivery_look(actor=actor, delivery=delivery),
            description="The other system is asked whether it is there. Nothing is repeated, except to "
            "webhooks, which take the same message as known.",
            shown=_is_unknown,
            done="The other system has been asked.",
        ),
        Transition(
            name="done",
            label="It is there",
            permission=SETTLE,
            service=lambda actor, delivery, **data: delivery_settle(
                actor=actor, delivery=delivery, happened=True, **data
            ),
            description="You have looked in the other system, and it is there.",
            form=SettleForm,
            evidence=lambda request, delivery: _sent_payload(delivery),
            shown=_is_unknown,
            done="Settled as sent.",
            variant=ActionVariant.SUCCESS,
        ),
        Transition(
            name="not-done",
            label="It is not there",
            permission=SETTLE,
            service=lambda actor, delivery, **data: delivery_settle(
                actor=actor, delivery=delivery, happened=False, **data
            ),
            description="You have looked in the other system: it is not there. Then it may be sent again.",
            form=SettleForm,
            evidence=lambda request, delivery: _sent_payload(delivery),
            shown=_is_unknown,
            done="Settled as not sent.",
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        return (
            "No other system was told of a handoff yet. Once there is a handoff destination, the next "
            "handoff goes there."
        )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        of_one = request.resolver_match and "object_id" in request.resolver_match.kwargs
        if of_one:
            return rows.select_related("call", "destination__connection", "handoff__turn")
        return rows

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Whether this person may send again."""
        return request.user.has_perm(RETRY)

    @action(description="Send again what failed", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: models.QuerySet[HandoffDelivery]) -> None:
        """Send each failed one again; say of each other one why it is not."""
        rows = queryset.select_related("call", "destination__connection", "handoff__turn").order_by("pk")
        for delivery in rows[: self.list_max_show_all]:
            again = partial(delivery_retry, actor=actor_of(request), delivery=delivery)
            self.attempt(request, again, f"Delivery {delivery.pk} is being sent.")

    @display(description="State", ordering="state", label=BADGES)
    def show_state(self, delivery: HandoffDelivery) -> tuple[str, str]:
        """Show the state in colours."""
        return delivery.state, delivery.get_state_display()

    @admin.display(description="Handoff")
    def show_handoff(self, delivery: HandoffDelivery) -> str:
        """Link to the handoff."""
        address = reverse("admin:runtime_handoff_change", args=(delivery.handoff_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, delivery.handoff_id)

    @admin.display(description="What is known")
    def show_message(self, delivery: HandoffDelivery) -> str:
        """Show the one line."""
        return delivery.message or "–"

    @admin.display(description="Ticket or message")
    def show_external(self, delivery: HandoffDelivery) -> str:
        """Link to what was made in the other system."""
        if not delivery.external_url.startswith(("https://", "http://")):
            return delivery.external_id or "–"
        return format_html(
            '<a class="underline" href="{}" rel="noopener noreferrer" target="_blank">{}</a>',
            delivery.external_url,
            delivery.external_id,
        )

    @admin.display(description="Payload")
    def show_payload(self, delivery: HandoffDelivery) -> str:
        """Show what was sent, without credentials."""
        return _sent_payload(delivery)

    @admin.display(description="Call")
    def show_call(self, delivery: HandoffDelivery) -> str:
        """Link to the ledger's row, with each try and look."""
        if delivery.call_id is None:
            return "Nothing was sent yet."
        address = reverse("admin:runtime_actionledger_change", args=(delivery.call_id,))
        return format_html(
            '<a class="underline" href="{}">Call {}: tries and looks</a>', address, delivery.call_id
        )


def show_deliveries(handoff: Handoff) -> str:
    """Return where else a handoff was told, as HTML for its page."""
    rows = HandoffDelivery.objects.filter(handoff=handoff).select_related("destination").order_by("pk")
    context = {"deliveries": rows[:MAX_SHOWN]}
    return render_to_string("admin/runtime/deliveries.html", context)


def _sent_payload(delivery: HandoffDelivery) -> str:
    if delivery.call is None:
        return "–"
    body = json.dumps(delivery.call.payload.get("body"), indent=2, ensure_ascii=False)
    return render_to_string("admin/runtime/action_payload.html", {"row": delivery.call, "body": body})


def _next_payload(delivery: HandoffDelivery) -> str:
    """Return what would be sent now, or why nothing can be."""
    try:
        payload = payload_of(delivery)
    except DomainError as refusal:
        return render_to_string("admin/runtime/delivery_payload.html", {"refusal": refusal.message})
    body = json.dumps(payload.get("body"), indent=2, ensure_ascii=False)
    return render_to_string(
        "admin/runtime/delivery_payload.html", {"row": {"payload": payload}, "body": body}
    )
