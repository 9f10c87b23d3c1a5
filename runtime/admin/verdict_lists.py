"""The list of verdicts, read-only and as CSV, and the policy of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_export import CsvExportMixin
from runtime.admin.scope_filters import VERDICT_FILTERS
from runtime.models import Verdict, VerdictPolicy
from runtime.verdicts.claiming import trigger_label
from runtime.verdicts.policy import FIELDS, verdict_policy_save
from runtime.verdicts.policy import PERMISSION as CHANGE_POLICY

ANSWER_BADGES = {"right": "success", "over": "warning", "under": "danger", "cannot_tell": "info"}
CSV_HEADER = (
    *("judged_at", "person", "role", "turn", "decision", "trigger", "message"),
    *("verdict", "reason", "note", "seconds", "taken_back_at"),
)


@admin.register(Verdict)
class VerdictAdmin(CsvExportMixin, NextStepMixin, ReadOnlyAdmin):
    """Who said what about which turn. Judges see their own, so that second opinions stay blind."""

    csv_name = "verdicts"
    csv_header = CSV_HEADER
    list_display = (
        "short_text",
        "show_answer",
        "show_reason",
        "show_trigger",
        "person_name",
        "role",
        "judged_at",
    )
    list_filter = ("answer", "role", *VERDICT_FILTERS, ("judged_at", RangeDateTimeFilter))
    list_select_related = ("sampled__turn",)
    search_fields = ("sampled__turn__text", "note")
    fields = (
        *("show_turn", "show_answer", "show_reason", "note", "show_trigger"),
        *("person_name", "role", "seconds", "judged_at", "undone_at"),
    )
    readonly_fields = ("show_turn", "show_answer", "show_reason", "show_trigger")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if request.user.has_perm(CHANGE_POLICY) else rows.filter(person=request.user.pk or 0)

    def next_step(self, request: HttpRequest) -> str:
        return "Nobody has judged a turn yet: open “Judge turns” under step 4."

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if request.user.has_perm(CHANGE_POLICY) else [name for name in shown if name != "role"]

    def csv_row(self, request: HttpRequest, row: Any) -> Sequence[object]:
        return _csv_row(row)

    @admin.display(description="Message")
    def short_text(self, verdict: Verdict) -> str:
        """Show the beginning of the customer's message."""
        return Truncator(verdict.sampled.turn.text).chars(80)

    @display(description="Verdict", ordering="answer", label=ANSWER_BADGES)
    def show_answer(self, verdict: Verdict) -> tuple[str, str]:
        """Show the verdict in colours."""
        label = verdict.get_answer_display()
        return verdict.answer, f"{label} (taken back)" if verdict.undone_at else label

    @admin.display(description="Reason")
    def show_reason(self, verdict: Verdict) -> str:
        """Show the reason in words."""
        return verdict.reason_label or "–"

    @admin.display(description="What the agent did")
    def show_trigger(self, verdict: Verdict) -> str:
        """Show decision and trigger."""
        turn = verdict.sampled.turn
        trigger = f": {trigger_label(turn.rule_trigger)}" if turn.rule_trigger else ""
        return f"{turn.get_decision_display()}{trigger}"

    @admin.display(description="Turn")
    def show_turn(self, verdict: Verdict) -> str:
        """Link to the turn, with the customer's message."""
        turn = verdict.sampled.turn
        address = reverse("admin:runtime_turn_change", args=(turn.pk,))
        return format_html(
            '<div class="whitespace-pre-wrap">{}</div><a class="underline" href="{}">Turn {}</a>',
            turn.text,
            address,
            turn,
        )


@admin.register(VerdictPolicy)
class VerdictPolicyAdmin(BaseAdmin):
    """How many turns are drawn and judged twice. One row."""

    fields = FIELDS
    log_saves = False  # the service writes the log

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        VerdictPolicy.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:runtime_verdictpolicy_change", args=(1,)))

    def save_model(self, request: HttpRequest, obj: VerdictPolicy, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        verdict_policy_save(actor=actor_of(request), **changes)

    def response_change(self, request: HttpRequest, obj: VerdictPolicy) -> HttpResponse:
        """Go back to the page that the policy belongs to."""
        if "_continue" in request.POST:
            return super().response_change(request, obj)
        messages.success(request, "The policy is saved. It holds from the next sample on.")
        return HttpResponseRedirect(reverse("admin:runtime_sampledturn_changelist"))


def _csv_row(verdict: Verdict) -> tuple[object, ...]:
    turn = verdict.sampled.turn
    return (
        localtime(verdict.judged_at).isoformat(timespec="seconds"),
        *(verdict.person_name, verdict.role, turn.pk, turn.decision, turn.rule_trigger, turn.text),
        *(verdict.answer, verdict.reason_label, verdict.note, verdict.seconds),
        localtime(verdict.undone_at).isoformat(timespec="seconds") if verdict.undone_at else "",
    )
