"""The list of tagging decisions, read-only and as CSV, and the policy of double tagging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_export import CsvExportMixin
from core.admin_transitions import Transition, TransitionMixin
from intents.models import TaggingDecision, TaggingPolicy
from intents.tagging import workflow
from intents.tagging.policy import FIELDS, tagging_policy_save
from intents.tagging.settling import SETTLE, golden_mark, item_unsettle

ROLE_BADGES = {"first": "info", "second": "info", "settled": "success", "golden": "warning", "passed": ""}
CSV_HEADER = (
    *("decided_at", "person", "role", "ticket", "text", "answer", "intent", "skip_reason"),
    *("suggestion_shown", "confidence", "release", "model_version", "as_suggested"),
    *("golden_right", "seconds", "taken_back_at"),
)


@admin.register(TaggingDecision)
class TaggingDecisionAdmin(CsvExportMixin, TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Who said what about which message. Taggers see their own, so that second opinions stay blind."""

    csv_name = "tagging-decisions"
    csv_header = CSV_HEADER
    list_display = ("short_text", "said", "person_name", "role_badge", "agreed", "seconds", "decided_at")
    list_filter = ("intent", "answer", "role", "agreed", "person_name", ("decided_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("item", "intent")
    search_fields = ("item__text", "item__source_ref", "person_name", "proposed_label")
    fields = (
        *("whole_text", "ticket", "said", "person_name", "role", "decided_at", "seconds"),
        *("suggested_slug", "suggested_confidence", "suggested_release", "suggested_version", "agreed"),
        *("proposed_description", "example", "undone_at"),
    )
    readonly_fields = ("whole_text", "ticket", "said")
    transitions = (
        Transition(
            name="golden",
            label="Use to test taggers",
            permission=SETTLE,
            service=lambda actor, d: golden_mark(actor=actor, item_id=d.item_id, is_golden=True),
            description=(
                "The answer that stands becomes the known one. Others get the message among theirs, cannot "
                "tell it from the rest, and you see how often they are right."
            ),
            shown=lambda request, d: d.item.state == workflow.DECIDED and not d.item.is_golden,
        ),
        Transition(
            name="not-golden",
            label="No longer test with it",
            permission=SETTLE,
            service=lambda actor, d: golden_mark(actor=actor, item_id=d.item_id, is_golden=False),
            description="Nobody gets it any more. What people said about it stays.",
            shown=lambda request, d: d.item.is_golden,
        ),
        Transition(
            name="unsettle",
            label="Take back",
            permission=SETTLE,
            service=lambda actor, d: item_unsettle(actor=actor, decision=d),
            description="The example it made is retired, and the message awaits a decision again.",
            shown=lambda request, d: d.role == workflow.SETTLED and d.undone_at is None,
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        return "Nobody has tagged anything yet. Open Tagging and decide on the first message."

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[TaggingDecision]:
        decisions = super().get_queryset(request).select_related("item", "intent").defer("item__vector")
        return decisions if request.user.has_perm(SETTLE) else decisions.filter(person=request.user.pk)

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Hide from taggers what would tell them which messages test them."""
        filters = super().get_list_filter(request)
        return filters if request.user.has_perm(SETTLE) else ("intent", "agreed", filters[-1])

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if request.user.has_perm(SETTLE) else [name for name in shown if name != "role_badge"]

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        fields = self.fields
        return fields if request.user.has_perm(SETTLE) else [name for name in fields if name != "role"]

    def csv_row(self, request: HttpRequest, row: Any) -> Sequence[object]:
        return _csv_row(row, request.user.has_perm(SETTLE))

    @display(description="Message")
    def short_text(self, decision: TaggingDecision) -> str:
        return str(decision.item)

    @display(description="Message")
    def whole_text(self, decision: TaggingDecision) -> str:
        return decision.item.text

    @display(description="Ticket")
    def ticket(self, decision: TaggingDecision) -> str:
        address = reverse("admin:tickets_ticket_change", args=(decision.item.ticket_id,))
        return format_html('<a href="{}">{}</a>', address, decision.item.source_ref)

    @display(description="Said")
    def said(self, decision: TaggingDecision) -> str:
        taken_back = " (taken back)" if decision.undone_at else ""
        return f"{decision.answer_label}{taken_back}"

    @display(description="As", ordering="role", label=ROLE_BADGES)
    def role_badge(self, decision: TaggingDecision) -> tuple[str, str]:
        return decision.role, decision.get_role_display()


@admin.register(TaggingPolicy)
class TaggingPolicyAdmin(BaseAdmin):
    """How many messages two people get. One row, opened at once."""

    log_saves = False  # the service writes the log
    fields = FIELDS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        TaggingPolicy.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:intents_taggingpolicy_change", args=(1,)))

    def save_model(self, request: HttpRequest, obj: TaggingPolicy, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        tagging_policy_save(actor=actor_of(request), **changes)

    def response_change(self, request: HttpRequest, obj: TaggingPolicy) -> HttpResponse:
        """Go back to the inbox that the policy belongs to."""
        if "_continue" in request.POST:
            return super().response_change(request, obj)
        messages.success(request, "The tagging policy is saved. It holds from the next message on.")
        return HttpResponseRedirect(reverse("admin:intents_taggingitem_changelist"))


def _csv_row(decision: TaggingDecision, is_lead: bool) -> tuple[object, ...]:
    return (
        localtime(decision.decided_at).isoformat(timespec="seconds"),
        decision.person_name,
        decision.role if is_lead else "",
        decision.item.source_ref,
        decision.item.text,
        decision.answer,
        decision.intent.slug if decision.intent else "",
        decision.skip_reason,
        decision.suggested_slug,
        decision.suggested_confidence,
        decision.suggested_release,
        decision.suggested_version,
        decision.agreed,
        decision.golden_right if is_lead else "",
        decision.seconds,
        localtime(decision.undone_at).isoformat(timespec="seconds") if decision.undone_at else "",
    )
