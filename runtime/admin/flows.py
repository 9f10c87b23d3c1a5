"""Resolution flows in the admin: gallery, editor with checks, picture and simulation, versions, activation.

Everything typed stands in one textarea of JSON; the editor's scripts are another view of it, and without them
the textarea is the editor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import TabularInline
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.admin_transitions import TransitionMixin
from core.api import strict_json
from core.errors import DomainError, InvalidInput
from kb.markdown import render
from runtime.actions.selectors import known_actions
from runtime.admin.flow_forms import FlowAddForm, FlowForm
from runtime.admin.flow_moves import MOVES
from runtime.flows.changes import changes
from runtime.flows.definition import FORMAT, flow_dumps, flow_loads
from runtime.flows.readout import readout
from runtime.flows.selectors import newest_definition, run_counts
from runtime.flows.services import flow_create, flow_save
from runtime.flows.simulation import FAILS, SUCCEEDS, simulate
from runtime.flows.slot_types import REFERENCE_PATTERN, SLOT_TYPES
from runtime.flows.starters import STARTERS
from runtime.models import FlowVersion, ResolutionFlow

STATE_BADGES = {
    ResolutionFlow.State.DRAFT: "warning",
    ResolutionFlow.State.ACTIVE: "success",
    ResolutionFlow.State.ARCHIVED: "info",
}
MAX_BODY = 300_000


class FlowVersionInline(TabularInline):
    """The versions, the newest first."""

    model = FlowVersion
    verbose_name_plural = "Versions"
    fields = ("number", "author", "note", "created_at", "show")
    readonly_fields = fields
    ordering = ("-number",)
    extra = 0
    max_num = 0
    per_page = 10

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).defer("definition")

    @admin.display(description="Open")
    def show(self, version: FlowVersion) -> str:
        """Link to the editor with this version in it."""
        address = reverse("admin:runtime_resolutionflow_change", args=(version.flow_id,))
        context = {"address": address, "number": version.number}
        return render_to_string("admin/runtime/flow_version_link.html", context)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(ResolutionFlow)
class ResolutionFlowAdmin(TransitionMixin, NextStepMixin, BaseAdmin):
    """How each intent's issues are settled."""

    log_saves = False  # the services write the log
    warn_unsaved_form = False  # flow_editor.js does, and knows what was typed
    list_display = ("title", "intent", "show_state", "show_versions", "show_updated")
    list_filter = ("state",)
    list_select_related = ("active_version",)
    search_fields = ("title", "intent")
    transitions = MOVES
    change_form_outer_before_template = "admin/runtime/flow_editor.html"

    class Media:
        css = {"all": ("runtime/flow_editor.css",)}
        js = (
            "runtime/flow_fields.js",
            "runtime/flow_editor.js",
            "runtime/flow_beside.js",
        )

    def next_step(self, request: HttpRequest) -> str:
        return "No flows yet. Begin with a starter: one for each of the guide's six first intents."

    @display(description="State", ordering="state", label=STATE_BADGES)
    def show_state(self, flow: ResolutionFlow) -> tuple[str, str]:
        """Show the state in colours."""
        return flow.state, flow.get_state_display()

    @admin.display(description="Versions")
    def show_versions(self, flow: ResolutionFlow) -> str:
        """Say which version answers and which is the newest."""
        newest = f"{flow.latest_number} newest"
        return f"{flow.active_version.number} active, {newest}" if flow.active_version else newest

    @admin.display(description="Updated", ordering="updated_at")
    def show_updated(self, flow: ResolutionFlow) -> str:
        """Say how long ago it changed."""
        return str(naturaltime(flow.updated_at))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False  # archive it: runs refer to its versions

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return (FlowVersionInline,) if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base = FlowForm if obj is not None else FlowAddForm
        form = super().get_form(request, obj, change, **{"form": base, **kwargs})
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("intent", "title", "starter", "file")}),)
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("intent", "title", "state")}),)
        return ((None, {"fields": ("title", "note", "definition", "base_number")}),)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        starter = STARTERS.get(request.GET.get("starter", ""))
        chosen = (
            {"intent": starter.intent, "title": starter.title, "starter": starter.intent} if starter else {}
        )
        return {**super().get_changeform_initial_data(request), **chosen}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("check/", wrap(require_POST(self.check_view)), name="runtime_flow_check"),
            path("simulate/", wrap(require_POST(self.simulate_view)), name="runtime_flow_simulate"),
            path("<int:pk>/export/", wrap(require_safe(self.export_view)), name="runtime_flow_export"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the editor; where a service refuses, show it again with the reason and all that was typed."""
        flow = self.get_object(request, object_id) if object_id else None
        context = {**(extra_context or {}), "starters": STARTERS.values(), "flow": flow}
        if flow is not None:
            context |= self._editor_context(request, flow)
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except DomainError as error:
            refusal = error
        request.refusal = refusal  # type: ignore[attr-defined]  # read by get_form
        if (
            flow is not None and "newest" in refusal.extra
        ):  # what changed is shown: saving again is a decision
            typed = request.POST.copy()
            context["theirs"] = _changes_since(flow, typed.get("base_number", ""), refusal.extra["newest"])
            context["newest"] = refusal.extra["newest"]
            typed["base_number"] = str(refusal.extra["newest"])
            request.POST = typed  # type: ignore[assignment]  # a mutable copy, as Django allows
        response = super().changeform_view(request, object_id, form_url, context)
        response.status_code = refusal.http_status
        return response

    def _editor_context(self, request: HttpRequest, flow: ResolutionFlow) -> dict[str, Any]:
        """Return what the editor's scripts need, and the read-out for who has none."""
        shown = request.GET.get("version", "")
        text = request.POST.get("definition", "") or flow_dumps(_definition(flow, shown))
        return {
            "editor": {
                "check": reverse("admin:runtime_flow_check"),
                "simulate": reverse("admin:runtime_flow_simulate"),
                "intent": flow.intent,
                "may_change": self.has_change_permission(request, flow),
                "definition": text,
                "actions": {
                    slug: {
                        "label": info.label,
                        "parameters": info.parameters,
                        "required": info.required,
                        "data": info.data,
                    }
                    for slug, info in known_actions().items()
                },
                "types": dict(SLOT_TYPES),
                "pattern": REFERENCE_PATTERN,
            },
            "readout": readout(text, flow.intent),
            "runs": run_counts(flow),
            "shown_version": int(shown) if shown.isdecimal() else None,
        }

    def save_model(self, request: HttpRequest, obj: ResolutionFlow, form: Any, change: bool) -> None:
        fields, actor = form.cleaned_data, actor_of(request)
        if not change:
            made = flow_create(
                actor=actor, intent=fields["intent"], title=fields["title"], definition=form.chosen
            )
            obj.pk, obj.latest_number = made.pk, made.latest_number
            return
        flow_save(
            actor=actor,
            flow=ResolutionFlow.objects.get(pk=obj.pk),
            base_number=fields["base_number"],
            title=fields["title"],
            definition=form.chosen,
            note=fields["note"],
        )

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Open the editor: a new flow is there to be worded."""
        self.message_user(request, f"“{obj.title}” is a draft now. Word it, then activate it.")
        return HttpResponseRedirect(reverse("admin:runtime_resolutionflow_change", args=(obj.pk,)))

    def check_view(self, request: HttpRequest) -> JsonResponse:
        """Say what is wrong: POST JSON definition, intent → problem, findings, picture."""
        return self._answer(
            request, lambda sent: readout(_text(sent, "definition"), _text(sent, "intent", 100))
        )

    def simulate_view(self, request: HttpRequest) -> JsonResponse:
        """Talk to a definition: POST JSON definition, message, state, actions → what the flow says."""

        def act(sent: dict[str, Any]) -> dict[str, Any]:
            flow, _ = flow_loads(_text(sent, "definition"))
            state = sent.get("state")
            if state is not None and not isinstance(state, dict):
                raise InvalidInput("The state is no object.", code="stale_simulation")
            answer = simulate(
                flow,
                state,
                _text(sent, "message", 10_000),
                outcome=FAILS if sent.get("actions") == FAILS else SUCCEEDS,
                known=known_actions(),
                today=timezone.localdate(),
            )
            return {**answer, "html": [render(text) for text in answer["says"]]}

        return self._answer(request, act)

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download a flow as the file that another workspace takes."""
        flow = self.get_object(request, str(pk))
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if flow is None:
            raise Http404
        definition = _definition(flow, request.GET.get("version", ""))
        content = {"format": FORMAT, "intent": flow.intent, "title": flow.title, "definition": definition}
        body = orjson.dumps(content, option=orjson.OPT_INDENT_2)
        name = f"flow-{flow.intent}-{flow.pk}.json"
        return HttpResponse(
            body,
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _answer(self, request: HttpRequest, act: Callable[[dict[str, Any]], dict[str, Any]]) -> JsonResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            if len(request.body) > MAX_BODY:
                raise InvalidInput("That is more than a flow can be.", code="too_long")
            sent = strict_json.loads(request.body)
            if not isinstance(sent, dict):
                raise InvalidInput("Send a JSON object.", code="bad_json")
            return JsonResponse(act(sent))
        except strict_json.BadJson as fault:
            return JsonResponse({"message": str(fault)}, status=400)
        except DomainError as refusal:
            return JsonResponse({"message": refusal.message}, status=refusal.http_status)


def _definition(flow: ResolutionFlow, number: str) -> Any:
    """Return the definition of a version by number, or of the newest one."""
    if number.isdecimal():
        version = flow.versions.filter(number=int(number)).first()
        if version is not None:
            return version.definition
    return newest_definition(flow)


def _changes_since(flow: ResolutionFlow, base: str, newest: int) -> list[str]:
    """Return what others have changed since the version that somebody began with."""
    return changes(_definition(flow, base), _definition(flow, str(newest)))


def _text(sent: dict[str, Any], name: str, limit: int = MAX_BODY) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > limit:
        raise InvalidInput(f"{name} is a text of at most {limit} characters.", code="bad_field")
    return value
