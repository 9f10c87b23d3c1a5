"""Pilots in the admin: list, plan, page with stages and signed moves, and the kill switch."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from core.proportions import Share
from pilot import words, workflow
from pilot.admin.pilot_forms import CHANNELS_LIST, PilotForm
from pilot.admin.pilot_moves import MOVES, scope_of
from pilot.admin.pilot_panel import days_of, panel_of
from pilot.drafts.collecting import drafts_collect
from pilot.models import Pilot
from pilot.selectors import with_counts
from pilot.services import pilot_change, pilot_create, pilot_halt
from pilot.services.signing import HALT
from runtime.selectors import channels_seen

STATE_BADGES = {
    Pilot.State.PLANNED: "info",
    Pilot.State.RUNNING: "success",
    Pilot.State.HALTED: "danger",
    Pilot.State.ENDED: "default",
}
TARGET_FIELDS = (
    ("target_resolution_rate", "target_csat"),
    ("target_escalation_rate", "target_time_to_resolution"),
)
WHAT_IT_IS = (
    "No pilot yet. A pilot is one channel or one ticket category in which the agent proves itself: first it "
    "drafts in the shadow and your people send, then they approve, then a share of the customers gets "
    "replies at once, then all. "
)


class PanelMixin(ModelAdmin):
    """Show a pilot's moves in the panel of its page, where their conditions stand, not in the header."""

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context["actions_detail"] = []
        context["channels_list"] = CHANNELS_LIST
        context["channels"] = channels_seen()
        if obj is not None:
            context["panel"] = panel_of(request, obj, MOVES)
        return super().render_change_form(request, context, add, change, form_url, obj)


@admin.register(Pilot)
class PilotAdmin(TransitionMixin, PanelMixin, NextStepMixin, BaseAdmin):
    """Pilots, each with one scope."""

    form = PilotForm
    log_saves = False  # the services write the log
    transitions = MOVES
    change_form_outer_before_template = "admin/pilot/pilot.html"
    list_display = ("name", "show_state", "stage_name", "show_scope", "started_at", "days", "show_reviewed")
    list_filter = ("state", "stage", "scope_kind", "source")
    list_select_related = ("category",)
    search_fields = ("name", "channel", "category__name", "goal")
    actions = ("stop_now",)
    fieldsets = (
        (None, {"fields": ("name", "goal")}),
        (
            "Scope",
            {"fields": ("scope_kind", "channel", "category_choice")}
            | {"description": "Exactly one. While the pilot runs, the agent is silent everywhere else."},
        ),
        (
            "What good looks like",
            {"fields": TARGET_FIELDS}
            | {"description": "Say it before you see any figure: the targets are locked at the start."},
        ),
        ("Reviews and share", {"fields": (("review_percent", "double_percent"), "percent")}),
    )
    conditional_fields = {
        "channel": "scope_kind == 'channel'",
        "category_choice": "scope_kind == 'category'",
    }

    class Media:
        css = {"all": ("pilot/stages.css",)}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return with_counts(super().get_queryset(request).select_related("category"))

    def get_urls(self) -> list[URLPattern]:
        halt = self.admin_site.admin_view(require_POST(self.halt_view))
        return [path("<int:pilot_id>/halt/", halt, name="pilot_pilot_halt"), *super().get_urls()]

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return f"{WHAT_IT_IS}A support lead can plan one."
        return (
            f"{WHAT_IT_IS}Add one: choose a scope that your audit knows well, and say what good looks like."
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let it be changed while it is planned; what has started is moved, not edited."""
        planned = obj is None or obj.state == workflow.PLANNED
        return planned and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # end it: what was signed stays readable

    def has_halt_permission(self, request: HttpRequest) -> bool:
        """Whether this person may stop pilots."""
        return request.user.has_perm(HALT)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("goal", ("review_percent", "double_percent"), "created_by")}),)
        return self.fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page; where a service refuses, show it again with the reason and all that was typed."""
        if object_id and object_id.isdecimal() and request.method == "GET":
            drafts_collect(pilot_id=int(object_id))
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            refusal = error
        request.refusal = refusal  # type: ignore[attr-defined]  # read by get_form
        response = super().changeform_view(request, object_id, form_url, extra_context)
        response.status_code = refusal.http_status
        return response

    def save_model(self, request: HttpRequest, obj: Pilot, form: Any, change: bool) -> None:
        said, actor = form.fields_for_service(), actor_of(request)
        if change:
            pilot_change(actor=actor, pilot=Pilot.objects.get(pk=obj.pk), **said)
            return
        obj.pk = pilot_create(actor=actor, **said).pk

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Open its page: it is there to be started."""
        self.message_user(request, f"“{obj.name}” is planned. Nothing changes for customers until it starts.")
        return HttpResponseRedirect(self._change_url(obj))

    def halt_view(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """Stop a pilot at once: POST, and nothing to fill in. Then back to where the button was."""
        if not self.has_halt_permission(request):
            raise PermissionDenied
        self._halt(request, pilot_id, "The pilot")
        if request.POST.get("back") == "dashboard" or not self.has_view_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        return HttpResponseRedirect(reverse("admin:pilot_pilot_change", args=(pilot_id,)))

    @action(description="Stop now", permissions=["halt"], icon="front_hand", variant=ActionVariant.DANGER)
    def stop_now(self, request: HttpRequest, queryset: models.QuerySet[Pilot]) -> None:
        """Stop each; say of each what was done."""
        for pk, name in queryset.order_by("pk").values_list("pk", "name")[: self.list_max_show_all]:
            self._halt(request, pk, f"“{name}”")

    def _halt(self, request: HttpRequest, pilot_id: int, name: str) -> None:
        halt = partial(pilot_halt, actor=actor_of(request), pilot_id=pilot_id)
        self.attempt(request, halt, f"{name} is stopped. People have every conversation of its scope.")

    def _transition_post(self, request: HttpRequest, transition: Transition, obj: Any) -> HttpResponse:
        response = super()._transition_post(request, transition, obj)
        done = getattr(obj, "returned", None)
        if done is not None:
            if done.restored:
                messages.success(request, f"Live again: {done.restored}.")
            for left in done.left:
                messages.warning(request, left)
        return response

    @display(description="State", ordering="state", label=STATE_BADGES)
    def show_state(self, pilot: Pilot) -> tuple[str, str]:
        """Show the state in colours."""
        stopped = pilot.state == workflow.HALTED
        return pilot.state, "Stopped" if stopped else str(pilot.get_state_display())

    @admin.display(description="Stage", ordering="stage")
    def stage_name(self, pilot: Pilot) -> str:
        """Name the stage; a limited one with its share, a rehearsal as one."""
        if pilot.state == workflow.PLANNED:
            return "–"
        if pilot.source == workflow.REPLAY_SOURCE:
            return "Rehearsal"
        share = f", {pilot.percent} %" if pilot.stage == "limited" else ""
        return words.NAMES[pilot.stage] + share

    @admin.display(description="Scope")
    def show_scope(self, pilot: Pilot) -> str:
        """Say what it is about."""
        return scope_of(pilot).removeprefix("the ")

    @admin.display(description="Time", ordering="started_at")
    def days(self, pilot: Pilot) -> str:
        """Say how long it has run."""
        return days_of(pilot) or "–"

    @admin.display(description="Reviewed")
    def show_reviewed(self, pilot: Any) -> str:
        """Show how many of the drafts that are to be reviewed have been."""
        return str(Share(pilot.reviewed, pilot.sampled)) if pilot.sampled else "–"
