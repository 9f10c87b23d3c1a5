"""Runs of simulations in the admin: progress, results with filters, two runs compared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.errors import DomainError
from pilot.admin.simulation_scenarios import transcript_context
from pilot.models import SimulationResult, SimulationRun
from pilot.simulations import workflow
from pilot.simulations.comparing import LABELS, ORDER, counts_of, runs_compare
from pilot.simulations.junit import junit_xml
from pilot.simulations.running import RUN, results_of, simulation_cancel
from pilot.simulations.selectors import bundle_now, flipped_names, is_stale, previous_run

PER_PAGE = 25
SHOWN = (("failed", "failed"), ("flipped", "flipped"), ("passed", "passed"), ("", "all"))
BADGES = {
    SimulationRun.State.QUEUED: "info",
    SimulationRun.State.RUNNING: "warning",
    SimulationRun.State.DONE: "success",
    SimulationRun.State.CANCELLED: "info",
    SimulationRun.State.FAILED: "danger",
}
COMPARABLE = 50


@admin.register(SimulationRun)
class SimulationRunAdmin(NextStepMixin, ReadOnlyAdmin):
    """Runs of suites."""

    list_display = (
        "__str__",
        "suite",
        "show_state",
        "show_result",
        "show_played_on",
        "created_at",
        "started_by",
    )
    list_filter = ("suite", "state", "started_by")
    list_select_related = ("suite", "model_version")
    search_fields = ("suite__name", "started_by", "digest")
    fields = ("suite", ("created_at", "started_by"), ("seconds", "show_digest"))
    readonly_fields = ("show_digest",)
    change_form_outer_after_template = "admin/pilot/simulation_run.html"

    class Media:
        css = {"all": ("pilot/simulations.css",)}
        js = ("runtime/polling.js", "pilot/simulation_run.js")

    def next_step(self, request: HttpRequest) -> str:
        return "Nothing has been run yet. Open a suite and press “Run now”."

    @display(description="State", ordering="state", label=BADGES)
    def show_state(self, run: SimulationRun) -> tuple[str, str]:
        """Show the state in colours."""
        return run.state, run.get_state_display()

    @display(description="Result", label={"passed": "success", "failed": "danger", "none": "info"})
    def show_result(self, run: SimulationRun) -> tuple[str, str]:
        """Say how many failed."""
        if run.state != workflow.DONE:
            return "none", "–"
        return (
            ("failed", f"{run.failed} of {run.total} failed")
            if run.failed
            else ("passed", f"{run.total} passed")
        )

    @display(description="Digest")
    def show_digest(self, run: SimulationRun) -> str:
        """Return the beginning of the hash that equal answers share."""
        return run.digest[:16] or "–"

    @display(description="Played on")
    def show_played_on(self, run: SimulationRun) -> str:
        """Name the release, or the candidate."""
        return played_on(run)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("compare/", wrap(require_safe(self.compare_view)), name="pilot_simulation_compare"),
            path("<int:pk>/stop/", wrap(require_POST(self.stop_view)), name="pilot_simulation_stop"),
            path("<int:pk>/state/", wrap(require_safe(self.state_view)), name="pilot_simulation_state"),
            path("<int:pk>/junit/", wrap(require_safe(self.junit_view)), name="pilot_simulation_junit"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id or "")
        context = {**(extra_context or {}), **(run_context(request, run) if run else {})}
        return super().changeform_view(request, object_id, form_url, context)

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop a run that waits or works (POST)."""
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        try:
            simulation_cancel(actor=actor_of(request), run=self._run(request, pk))
            messages.success(request, "Stopped. What has been played is kept.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:pilot_simulationrun_change", args=(pk,)))

    def state_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        """Return how far a run is, as JSON."""
        run = self._run(request, pk)
        played = run.results.count()
        return JsonResponse({"state": run.state, "done": played, "total": max(run.total, played)})

    def junit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the results as JUnit XML."""
        run = self._run(request, pk)
        headers = {"Content-Disposition": f'attachment; filename="simulations-{run.pk}.xml"'}
        body = junit_xml([(run.suite.name, results_of(run))])
        return HttpResponse(body, content_type="application/xml", headers=headers)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Show what has changed from run ``a`` to run ``b``."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        before, after = (self._done(request.GET.get(name, "")) for name in ("a", "b"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Compare two runs",
            "opts": self.opts,
            "before": before,
            "after": after,
            "choices": _choices(),
            **(_compared(request, before, after) if before and after else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/simulation_compare.html", context)

    def _done(self, number: str) -> SimulationRun | None:
        if not number.isdecimal() or len(number) > 18:
            return None
        rows = SimulationRun.objects.filter(pk=int(number), state=workflow.DONE)
        return rows.select_related("suite", "model_version").first()

    def _run(self, request: HttpRequest, pk: int) -> SimulationRun:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = SimulationRun.objects.select_related("suite", "job").filter(pk=pk).first()
        if run is None:
            raise Http404
        return run


def run_context(request: HttpRequest, run: SimulationRun) -> dict[str, Any]:
    """Return what a run's page shows: one page of its results, filtered."""
    before = previous_run(run)
    flipped = flipped_names(run, before)
    chosen = request.GET.get("show", "failed" if run.failed else "")
    chosen = chosen if chosen in dict(SHOWN) else ""
    words = request.GET.get("q", "")[:100]
    page = Paginator(_filtered(run, chosen, words, flipped), PER_PAGE).get_page(request.GET.get("p"))
    kept = {name: value for name, value in (("show", chosen), ("q", words)) if value}
    return {
        "run": run,
        "is_under_way": run.state in workflow.UNDER_WAY,
        "played_on": played_on(run),
        "is_stale": is_stale(run, bundle_now()),
        "before": before,
        "broke": sorted(name for name, passed in flipped.items() if not passed),
        "fixed": sorted(name for name, passed in flipped.items() if passed),
        "page": page,
        "results": [(one, flipped.get(one.name), transcript_context(vars(one))) for one in page],
        "words": words,
        "filters": [(value, label, value == chosen) for value, label in SHOWN],
        "query": f"{urlencode(kept)}&" if kept else "",
        "may_run": request.user.has_perm(RUN),
    }


def played_on(run: SimulationRun) -> str:
    """Say what a run was played on: the release or the candidate, rules and index."""
    bundle = run.bundle
    if run.model_version is not None:
        model = f"{run.model_version} (candidate)"
    else:
        model = f"release {bundle['release']}" if bundle.get("release") else "the live model"
    others = [
        f"{label} {bundle[name]}"
        for name, label in (("rule_set", "rules"), ("index", "index"))
        if bundle.get(name)
    ]
    return ", ".join([model, *others])


def _filtered(
    run: SimulationRun, chosen: str, words: str, flipped: dict[str, bool]
) -> QuerySet[SimulationResult]:
    rows = run.results.order_by("number")
    if chosen in ("failed", "passed"):
        rows = rows.filter(passed=chosen == "passed")
    elif chosen == "flipped":
        rows = rows.filter(name__in=list(flipped))
    return rows.filter(name__icontains=words) if words else rows


def _choices() -> list[tuple[int, str]]:
    rows = SimulationRun.objects.filter(state=workflow.DONE).select_related("suite", "model_version")
    return [
        (
            run.pk,
            f"{run} · {run.suite} · {run.created_at:%d %b %H:%M} · {run.failed} failed · {played_on(run)}",
        )
        for run in rows.order_by("-pk")[:COMPARABLE]
    ]


def _compared(request: HttpRequest, before: SimulationRun, after: SimulationRun) -> dict[str, Any]:
    compared = runs_compare(results_of(before), results_of(after))
    counts = counts_of(compared)
    chosen = request.GET.get("kind", "")
    shown = [one for one in compared if (one.kind == chosen if chosen in ORDER else one.kind != "same")]
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("p"))
    pair = {"a": before.pk, "b": after.pk}
    return {
        "page": page,
        "labels": LABELS,
        "kinds": [
            (LABELS[kind], counts[kind], f"?{urlencode({**pair, 'kind': kind})}", kind == chosen)
            for kind in ORDER
            if counts[kind]
        ],
        "rows": [(one, LABELS[one.kind]) for one in page],
        "query": f"{urlencode({**pair, **({'kind': chosen} if chosen else {})})}&",
        "before_says": played_on(before),
        "after_says": played_on(after),
    }
