"""The ledger of calls to read, and the acts on those whose outcome is not known."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from integrations.outgoing import WRITE
from integrations.systems import PERFORMABLE
from runtime.actions.reconciling import SETTLE, ledger_look_now, ledger_retry, ledger_settle
from runtime.models import ActionLedger

BADGES = {
    ActionLedger.State.PENDING: "info",
    ActionLedger.State.RUNNING: "info",
    ActionLedger.State.SUCCEEDED: "success",
    ActionLedger.State.FAILED: "danger",
    ActionLedger.State.UNKNOWN: "warning",
}


NOTHING_UNKNOWN = (
    "Nothing is unknown. A call comes here when its answer was lost and nobody can tell whether it happened; "
    "the agent looks by itself, and what it cannot find out waits here."
)


class SettleForm(TransitionForm):
    """How the person knows."""

    note = forms.CharField(
        label="How you know",
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text="Such as “SUP-12 is in Linear” or “nothing in the channel since Tuesday”.",
    )


def _is_unknown(request: HttpRequest, row: ActionLedger) -> bool:
    return row.state == ActionLedger.State.UNKNOWN


def _may_be_sent_again(request: HttpRequest, row: ActionLedger) -> bool:
    writes = PERFORMABLE[row.operation].effect == WRITE
    return row.state == ActionLedger.State.FAILED and writes and row.forgotten_at is None


@admin.register(ActionLedger)
class ActionLedgerAdmin(TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """What the agent did in other systems, call by call."""

    list_display = (
        "id",
        "show_action",
        "show_state",
        "show_message",
        "attempts",
        "show_conversation",
        "created_at",
    )
    list_filter = ("state", "action", "connection", ("created_at", RangeDateTimeFilter))
    list_select_related = ("action",)
    search_fields = ("idempotency_key", "reference", "=conversation_id")
    search_help_text = "Search by key, place in a conversation or conversation id"
    fieldsets = (
        (None, {"fields": (("state", "show_action", "connection"), "message", "error_code", "show_data")}),
        ("What was sent", {"fields": ("show_payload",)}),
        ("How it went", {"fields": ("show_trail", ("attempts", "looks", "look_at"))}),
        ("Where from", {"fields": ("idempotency_key", "show_conversation", "reference", "requested_by")}),
        ("Settled", {"fields": (("settled_by", "note"),)}),
        (
            "Times",
            {"fields": (("created_at", "started_at"), ("finished_at", "forgotten_at"))},
        ),
    )
    readonly_fields = ("show_action", "show_data", "show_payload", "show_trail", "show_conversation")
    transitions = (
        Transition(
            name="look",
            label="Look now",
            permission=SETTLE,
            service=lambda actor, row: ledger_look_now(actor=actor, row=row),
            description="The other system is asked whether it happened. Nothing is repeated, except to "
            "webhooks, which take the same message as known.",
            shown=_is_unknown,
            done="The other system has been asked.",
        ),
        Transition(
            name="done",
            label="It was done",
            permission=SETTLE,
            service=lambda actor, row, **data: ledger_settle(actor=actor, row=row, happened=True, **data),
            description="You have looked in the other system, and it is there.",
            form=SettleForm,
            evidence=lambda request, row: _payload(row),
            shown=_is_unknown,
            done="Settled as done.",
            variant=ActionVariant.SUCCESS,
        ),
        Transition(
            name="not-done",
            label="It was not done",
            permission=SETTLE,
            service=lambda actor, row, **data: ledger_settle(actor=actor, row=row, happened=False, **data),
            description="You have looked in the other system: it is not there. Then it may be sent again.",
            form=SettleForm,
            evidence=lambda request, row: _payload(row),
            shown=_is_unknown,
            done="Settled as not done.",
        ),
        Transition(
            name="retry",
            label="Send again",
            permission=SETTLE,
            service=lambda actor, row: ledger_retry(actor=actor, row=row),
            description="It had no effect, so it may be sent again, under the same key. A job sends it now.",
            evidence=lambda request, row: _payload(row),
            shown=_may_be_sent_again,
            done="It is being sent.",
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        return "Nothing was called yet. Try an action with sample values, or let a flow call one."

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if request.GET.get("state__exact") == ActionLedger.State.UNKNOWN and "cl" in context:
            context["title"] = "Unknown outcomes"
            if not context["cl"].result_list and not context["cl"].query:
                context["next_step"] = NOTHING_UNKNOWN
        return response

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        of_one = request.resolver_match and "object_id" in request.resolver_match.kwargs
        return rows if of_one else rows.defer("arguments", "payload", "data", "trail", "note")

    @admin.display(description="Action", ordering="action")
    def show_action(self, row: ActionLedger) -> str:
        """Name the action, or what was done where it was none of a flow's."""
        return str(row.action or PERFORMABLE[row.operation].label)

    @display(description="State", ordering="state", label=BADGES)
    def show_state(self, row: ActionLedger) -> tuple[str, str]:
        """Show the state in colours."""
        return row.state, row.get_state_display()

    @admin.display(description="What came of it")
    def show_message(self, row: ActionLedger) -> str:
        """Show the one line."""
        return row.message or ("forgotten" if row.forgotten_at else "–")

    @admin.display(description="Conversation")
    def show_conversation(self, row: ActionLedger) -> str:
        """Link to the conversation that it was called in."""
        if row.conversation_id is None:
            return "–"
        address = reverse("admin:runtime_conversation_change", args=(row.conversation_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, str(row.conversation_id)[:8])

    @admin.display(description="What came back")
    def show_data(self, row: ActionLedger) -> str:
        """Show the data by name."""
        return render_to_string("admin/runtime/action_data.html", {"data": row.data})

    @admin.display(description="Payload")
    def show_payload(self, row: ActionLedger) -> str:
        """Show what was sent, without credentials."""
        return _payload(row)

    @admin.display(description="Tries and looks")
    def show_trail(self, row: ActionLedger) -> str:
        """Show each try and each look."""
        return render_to_string("admin/runtime/action_trail.html", {"trail": row.trail})


def _payload(row: ActionLedger) -> str:
    body = json.dumps(row.payload.get("body"), indent=2, ensure_ascii=False)
    return render_to_string("admin/runtime/action_payload.html", {"row": row, "body": body})
