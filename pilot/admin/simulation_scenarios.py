"""Scenarios in the admin: YAML with a check as one types, a form for the usual, and a trial beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.api import strict_json
from core.errors import DomainError, InvalidInput
from intents.selectors import intent_profiles
from pilot.admin.simulation_forms import MAX_BODY, ScenarioForm, written
from pilot.models import Scenario
from pilot.simulations.checks import CHECKS, DECISIONS
from pilot.simulations.judging import judged
from pilot.simulations.reading import script_loads, scripts_read
from pilot.simulations.running import RUN
from pilot.simulations.selectors import last_results
from pilot.simulations.staging import stage_set
from pilot.simulations.suites import scenario_create, scenario_delete, scenario_save, scenario_switch
from runtime.actions.selectors import known_actions


@admin.register(Scenario)
class ScenarioAdmin(NextStepMixin, BaseAdmin):
    """Scripted conversations."""

    form = ScenarioForm
    log_saves = False  # the services write the log
    list_display = ("name", "suite", "show_last", "source", "show_tags", "enabled", "updated_at")
    list_filter = ("suite", "enabled", "source")
    list_select_related = ("suite",)
    search_fields = ("name", "tags", "suite__name")
    actions = ("enable_selected", "disable_selected")
    change_form_outer_after_template = "admin/pilot/simulation_editor.html"

    class Media:
        css = {"all": ("pilot/simulations.css",)}
        js = ("pilot/simulation_editor.js",)

    def next_step(self, request: HttpRequest) -> str:
        return "No scenario yet. Open a suite and take the starters, import a file, or write the first one."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scenario]:
        return super().get_queryset(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:  # one look at the results of all rows of the page
            rows = context["cl"].result_list
            results = last_results([row.pk for row in rows])
            for row in rows:
                row.last_result = results.get(row.pk)
        return response

    @display(description="Last result", label={"passed": "success", "failed": "danger", "none": "info"})
    def show_last(self, scenario: Any) -> tuple[str, str]:
        """Say how it last went."""
        result = getattr(scenario, "last_result", None)
        if result is None:
            return "none", "never run"
        return ("passed", "passed") if result.passed else ("failed", "failed")

    @display(description="Tags")
    def show_tags(self, scenario: Scenario) -> str:
        """Return the tags."""
        return scenario.tags.strip() or "–"

    @admin.action(description="Play the selected scenarios in runs", permissions=["change"])
    def enable_selected(self, request: HttpRequest, queryset: QuerySet[Scenario]) -> None:
        """Switch them on."""
        self._switch(request, queryset, True)

    @admin.action(description="Leave the selected scenarios out of runs", permissions=["change"])
    def disable_selected(self, request: HttpRequest, queryset: QuerySet[Scenario]) -> None:
        """Switch them off."""
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Scenario], enabled: bool) -> None:
        rows = list(queryset[:1_000])
        done = sum(scenario_switch(actor=actor_of(request), scenario=row, enabled=enabled) for row in rows)
        word = "played" if enabled else "left out"
        self.message_user(request, f"{done} scenarios are now {word}; {len(rows) - done} were already.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("suite", "text")}),)
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("suite", "name", "enabled", "updated_by", "updated_at")}),)
        return ((None, {"fields": ("text", "enabled", "base_version")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "updated_by", "updated_at") if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        suite = request.GET.get("suite", "")
        return {**initial, **({"suite": int(suite)} if suite.isdecimal() else {})}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("check/", wrap(require_POST(self.check_view)), name="pilot_scenario_check"),
            path("try/", wrap(require_POST(self.try_view)), name="pilot_scenario_try"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        scenario = self.get_object(request, object_id) if object_id else None
        context = {**(extra_context or {}), **self._editor(request, scenario)}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except DomainError as error:
            refusal = error
        request.refusal = refusal  # type: ignore[attr-defined]  # read by get_form
        if scenario is not None and refusal.code == "scenario_changed":
            scenario.refresh_from_db()
            context["theirs"] = written(scenario)
            typed = request.POST.copy()
            typed["base_version"] = str(scenario.version)  # saving again is a decision
            request.POST = typed  # type: ignore[assignment]
        response = super().changeform_view(request, object_id, form_url, context)
        response.status_code = refusal.http_status
        return response

    def _editor(self, request: HttpRequest, scenario: Scenario | None) -> dict[str, Any]:
        last = last_results([scenario.pk]).get(scenario.pk) if scenario else None
        return {
            "scenario": scenario,
            "last": last,
            "shown_text": written(scenario) if scenario else "",
            "may_try": request.user.has_perm(RUN),
            "checks": CHECKS.items(),
            "editor": {
                "check": reverse("admin:pilot_scenario_check"),
                "try": reverse("admin:pilot_scenario_try"),
                "decisions": [one for one in DECISIONS if one != "not_in_pilot"],
                "intents": [[one.slug, one.label] for one in intent_profiles()],
                "actions": sorted(known_actions()),
            },
        }

    def save_model(self, request: HttpRequest, obj: Scenario, form: Any, change: bool) -> None:
        actor = actor_of(request)
        if not change:
            made = scenario_create(actor=actor, suite=obj.suite, script=form.script)
            obj.pk, obj.name = made.pk, made.name
            obj._state.adding = False
            return
        enabled = form.cleaned_data["enabled"]
        stored = Scenario.objects.get(pk=obj.pk)
        base = form.cleaned_data["base_version"] or 0
        if form.script.sha256 != stored.sha256 or base != stored.version:
            scenario_save(actor=actor, scenario=stored, script=form.script, base_version=base)
        if enabled != stored.enabled:
            scenario_switch(actor=actor, scenario=stored, enabled=enabled)
        obj.name = form.script.name

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Stay with the scenario: it is there to be tried."""
        self.message_user(request, f"“{obj.name}” is saved. Try it, or run its suite.")
        return HttpResponseRedirect(reverse("admin:pilot_scenario_change", args=(obj.pk,)))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Stay with the scenario."""
        self.message_user(request, f"“{obj.name}” is saved.")
        return HttpResponseRedirect(reverse("admin:pilot_scenario_change", args=(obj.pk,)))

    def delete_model(self, request: HttpRequest, obj: Scenario) -> None:
        scenario_delete(actor=actor_of(request), scenario=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Scenario]) -> None:
        for scenario in queryset.select_related("suite")[:1_000]:
            scenario_delete(actor=actor_of(request), scenario=scenario)

    def check_view(self, request: HttpRequest) -> JsonResponse:
        """Say what is wrong with a text: POST JSON text → problems with lines, number of checks."""

        def act(text: str) -> dict[str, Any]:
            read = scripts_read(text)
            problems = [one.as_json() for one in read.problems]
            if not problems and len(read.scripts) != 1:
                problems = [{"line": 1, "message": "Write one scenario here."}]
            checks = read.scripts[0][1].check_count if read.scripts and not problems else 0
            return {"problems": problems, "checks": checks}

        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        return _answer(request, act)

    def try_view(self, request: HttpRequest) -> JsonResponse:
        """Play a text as it stands: POST JSON text → whether it passed, the transcript as HTML."""

        def act(text: str) -> dict[str, Any]:
            one = judged(script_loads(text), stage_set()).as_json()
            html = render_to_string("admin/pilot/simulation_transcript.html", transcript_context(one))
            return {"passed": one["passed"], "checks": one["checks"], "html": html}

        if not request.user.has_perm(RUN):
            raise PermissionDenied
        return _answer(request, act)


def transcript_context(result: Any) -> dict[str, Any]:
    """Return a result as the transcript's template takes it: each turn with its own failures."""
    failures = result["failures"]
    return {
        "turns": [
            (turn, [one for one in failures if one["step"] == turn["number"]])
            for turn in result["transcript"]
        ],
        "whole": [one for one in failures if one["step"] == 0],
    }


def _answer(request: HttpRequest, act: Callable[[str], dict[str, Any]]) -> JsonResponse:
    try:
        if len(request.body) > 4 * MAX_BODY:
            raise InvalidInput("That is more than a scenario can be.", code="too_long")
        sent = strict_json.loads(request.body)
        text = sent.get("text") if isinstance(sent, dict) else None
        if not isinstance(text, str):
            raise InvalidInput("Send a JSON object with “text”.", code="bad_json")
        return JsonResponse(act(text))
    except strict_json.BadJson as fault:
        return JsonResponse({"message": str(fault)}, status=400)
    except DomainError as refusal:
        return JsonResponse({"message": refusal.message, **refusal.extra}, status=refusal.http_status)
