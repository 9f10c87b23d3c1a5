"""Suites in the admin: what is in them, how they last went, run them, fill them, take them out as YAML."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from intents.models import ModelVersion
from pilot.admin.simulation_import import ImportMixin
from pilot.models import SimulationRun, Suite
from pilot.simulations.exchange.exporting import suite_dump
from pilot.simulations.making import starters_keep
from pilot.simulations.reading import script_of
from pilot.simulations.running import RUN, simulation_start
from pilot.simulations.selectors import (
    bundle_now,
    candidate_versions,
    is_stale,
    last_results,
    suites_with_last_run,
)
from pilot.simulations.suites import ADD, ADD_SUITE, CHANGE, CHANGE_SUITE, suite_archive, suite_create

SHOWN_SCENARIOS, SHOWN_RUNS, MAX_EXPORT = 100, 10, 2_000
FIRST_SUITE = "Intents and rules"


@admin.register(Suite)
class SuiteAdmin(ImportMixin, TransitionMixin, NextStepMixin, BaseAdmin):
    """Suites of scripted conversations."""

    list_display = ("name", "show_count", "show_last", "show_last_at", "show_state")
    list_filter = ("is_archived",)
    search_fields = ("name", "description")
    fields = ("name", "description")
    list_before_template = "admin/pilot/simulation_suites.html"
    change_form_outer_before_template = "admin/pilot/simulation_suite.html"
    transitions = (
        Transition(
            name="archive",
            label="Put away",
            permission=CHANGE_SUITE,
            service=lambda actor, suite: suite_archive(actor=actor, suite=suite),
            description="The suite is no longer run with the others. Its scenarios and runs stay.",
            shown=lambda request, suite: not suite.is_archived,
            done="The suite is put away.",
        ),
        Transition(
            name="restore",
            label="Take out again",
            permission=CHANGE_SUITE,
            service=lambda actor, suite: suite_archive(actor=actor, suite=suite, archived=False),
            description="The suite is run with the others again.",
            shown=lambda request, suite: suite.is_archived,
            done="The suite is back.",
        ),
    )

    class Media:
        css = {"all": ("pilot/simulations.css",)}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Suite]:
        return suites_with_last_run()

    def next_step(self, request: HttpRequest) -> str:
        return "No suite yet. Begin with one scenario for each active intent and hard rule, or add your own."

    @display(description="Scenarios", ordering="scenario_count")
    def show_count(self, suite: Any) -> int:
        """Return how many are played."""
        return int(suite.scenario_count)

    @display(description="Last run", label={"passed": "success", "failed": "danger", "none": "info"})
    def show_last(self, suite: Any) -> tuple[str, str]:
        """Say how the last run went."""
        if suite.last_run is None:
            return "none", "never run"
        if suite.last_failed:
            return "failed", f"{suite.last_failed} failed, {suite.last_passed} passed"
        return "passed", f"all {suite.last_passed} passed"

    @display(description="Run at", ordering="last_at")
    def show_last_at(self, suite: Any) -> Any:
        """Link to the last run."""
        if suite.last_run is None:
            return "–"
        address = reverse("admin:pilot_simulationrun_change", args=(suite.last_run,))
        return format_html('<a href="{}">{}</a>', address, suite.last_at.strftime("%d %b %Y, %H:%M"))

    @display(description="", ordering="is_archived")
    def show_state(self, suite: Suite) -> str:
        """Say where it is put away."""
        return "put away" if suite.is_archived else ""

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False  # put it away: runs are kept for ever

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("starters/", wrap(require_POST(self.first_view)), name="pilot_suite_first"),
            path("<int:pk>/run/", wrap(require_POST(self.run_view)), name="pilot_suite_run"),
            path("<int:pk>/starters/", wrap(require_POST(self.starters_view)), name="pilot_suite_starters"),
            path("<int:pk>/export/", wrap(require_safe(self.export_view)), name="pilot_suite_export"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_begin = request.user.has_perms((ADD_SUITE, ADD, CHANGE))
        return super().changelist_view(request, {"may_begin": may_begin, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        suite = self.get_object(request, object_id) if object_id else None
        context = {**(extra_context or {}), **(_suite_context(request, suite) if suite else {})}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Suite, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = actor_of(request).label[:150]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Suite, post_url_continue: Any = None) -> HttpResponse:
        """Open the suite: it is there to be filled."""
        self.message_user(request, f"“{obj}” is there. Write a scenario, import some, or take the starters.")
        return HttpResponseRedirect(reverse("admin:pilot_suite_change", args=(obj.pk,)))

    def run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Queue a run, on the live model or on the version that is chosen (POST)."""
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        suite, chosen = self._suite(request, pk), request.POST.get("model_version", "")
        try:
            version = ModelVersion.objects.filter(number=int(chosen)).first() if chosen.isdecimal() else None
            if chosen and version is None:
                raise Http404
            run = simulation_start(actor=actor_of(request), suite=suite, model_version=version)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:pilot_suite_change", args=(pk,)))
        return HttpResponseRedirect(reverse("admin:pilot_simulationrun_change", args=(run.pk,)))

    def first_view(self, request: HttpRequest) -> HttpResponse:
        """Make a first suite of the active intents and hard rules (POST)."""
        if not request.user.has_perms((ADD_SUITE, ADD, CHANGE)):
            raise PermissionDenied
        try:
            suite = Suite.objects.filter(name=FIRST_SUITE).first() or suite_create(
                actor=actor_of(request), name=FIRST_SUITE, description="One for each intent and hard rule."
            )
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:pilot_suite_changelist"))
        return self._fill(request, suite)

    def starters_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add one scenario for each active intent and hard rule (POST)."""
        if not request.user.has_perms((ADD, CHANGE)):
            raise PermissionDenied
        return self._fill(request, self._suite(request, pk))

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the suite as YAML, as ``run_simulations`` and the import take it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        suite = self._suite(request, pk)
        definitions = suite.scenarios.order_by("name").values_list("definition", flat=True)[:MAX_EXPORT]
        text = suite_dump(suite.name, [script_of(one) for one in definitions])
        name = f"simulations-{suite.pk}.yaml"
        return HttpResponse(
            text,
            content_type="application/yaml; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _fill(self, request: HttpRequest, suite: Suite) -> HttpResponse:
        def act() -> str:
            kept = starters_keep(actor=actor_of(request), suite=suite)
            counts = (len(kept.made), len(kept.changed), len(kept.same))
            return "{} scenarios added, {} changed, {} as they were.".format(*counts)

        try:
            messages.success(request, act())
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:pilot_suite_change", args=(suite.pk,)))

    def _suite(self, request: HttpRequest, pk: int) -> Suite:
        suite = Suite.objects.filter(pk=pk).first()
        if suite is None:
            raise Http404
        return suite


def _suite_context(request: HttpRequest, suite: Any) -> dict[str, Any]:
    """Return what a suite's page shows: its newest runs, its scenarios with their last results."""
    scenarios = list(suite.scenarios.defer("definition").order_by("name")[:SHOWN_SCENARIOS])
    results = last_results([one.pk for one in scenarios])
    runs = list(suite.runs.select_related("model_version").order_by("-pk")[:SHOWN_RUNS])
    now = bundle_now()
    return {
        "suite": suite,
        "rows": [(one, results.get(one.pk)) for one in scenarios],
        "scenario_total": suite.scenarios.count(),
        "runs": [(run, is_stale(run, now)) for run in runs],
        "done_runs": [run for run in runs if run.state == SimulationRun.State.DONE],
        "versions": candidate_versions(),
        "may_run": request.user.has_perm(RUN),
        "may_fill": request.user.has_perms((ADD, CHANGE)),
    }
