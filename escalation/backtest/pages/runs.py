"""Back-tests in the admin: the list with filters, and one run with its figures, rules and flipped cases."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.errors import DomainError
from escalation.backtest.candidate import Change, rows_digest
from escalation.backtest.figures import TO_A_PERSON
from escalation.backtest.pages.dial import DialMixin
from escalation.backtest.pages.evidence import flips_of_run
from escalation.backtest.readout import change_says, figure_lines, figures_of_run, rule_lines
from escalation.backtest.replaying import Settings
from escalation.backtest.rules import live_rows
from escalation.backtest.running import KEPT_FLIPS, PERMISSION, backtest_cancel, backtest_start
from escalation.models import BacktestFlip, BacktestRun

PER_PAGE = 25
TOWARDS = {
    "to": ("towards a person", ("escalate", "clarify")),
    "from": ("away from a person", ("answer", "act", "out_of_scope")),
}
TRUTHS = {
    "needed": ("a person was needed", True),
    "not": ("none was needed", False),
    "open": ("not known", None),
}


@admin.register(BacktestRun)
class BacktestRunAdmin(DialMixin, NextStepMixin, ReadOnlyAdmin):
    """What changes of the rules would have done: immutable evidence."""

    list_display = ("show_change", "made_at", "show_cases", "show_rate", "flips", "made_by")
    list_filter = ("change_kind", "rule", "made_by")
    list_select_related = ("rule",)
    search_fields = ("rule__name", "made_by", "digest")
    fields = ("show_change", "show_settings", ("made_at", "made_by", "seconds"), "live_number", "digest")
    readonly_fields = ("show_change", "show_settings")
    change_form_outer_after_template = "admin/escalation/backtest_run.html"

    class Media:
        css = {"all": ("escalation/backtest.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:run_id>/again/", view(self.again_view), name="escalation_backtest_again"),
            path("jobs/<uuid:job_id>/cancel/", view(self.cancel_view), name="escalation_backtest_cancel"),
            *super().get_urls(),
        ]

    def next_step(self, request: HttpRequest) -> str:
        return "No back-test has been run yet. Open the dial, or a rule and its “Run the back-test”."

    @display(description="Tried")
    def show_change(self, run: BacktestRun) -> str:
        """Say what was tried."""
        return run_says(run)

    @display(description="Cases", ordering="cases")
    def show_cases(self, run: BacktestRun) -> str:
        """Return how many turns and tickets."""
        kinds = run.content["kinds"]
        return f"{kinds.get('turn', 0):,} turns, {kinds.get('ticket', 0):,} tickets"

    @display(description="Reach a person")
    def show_rate(self, run: BacktestRun) -> str:
        """Return the escalation rate before and after."""
        before, after = figures_of_run(run.content)
        return " → ".join(_percent(f.rate.ratio) for f in (before, after))

    @display(description="Settings")
    def show_settings(self, run: BacktestRun) -> str:
        """Say what was taken for granted."""
        return settings_say(Settings.from_json(run.settings))

    def again_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Queue the same change once more, against the rules and cases of now."""
        _check_post(request)
        run = BacktestRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        settings = Settings.from_json(run.settings)
        change = Change.from_json(run.change)
        try:
            backtest_start(actor=actor_of(request), change=change, settings=settings)
            messages.success(request, "The run is queued; it appears in the list when it is done.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:escalation_backtestrun_changelist"))

    def cancel_view(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        """Stop a run that waits or works."""
        _check_post(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            backtest_cancel(actor=actor_of(request), job_id=job_id)
            messages.success(request, "Stopped. Tickets that were read stay read.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:escalation_backtest_dial"))

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


def run_context(request: HttpRequest, run: BacktestRun) -> dict[str, Any]:
    """Return what the page of a run shows (one page of its flips)."""
    before, after = figures_of_run(run.content)
    chosen = {name: request.GET.get(name, "") for name in ("towards", "truth", "kind")}
    page = Paginator(_filtered(run, chosen), PER_PAGE).get_page(request.GET.get("p"))
    kept = {name: value for name, value in chosen.items() if value}
    return {
        "run": run,
        "lines": figure_lines(before, after),
        "figures": after,
        "rules": rule_lines(run.content),
        "is_stale": run.live_digest != rows_digest(live_rows()[1]),
        "page": page,
        "flips": flips_of_run(list(page), run.live_rows, run.candidate_rows),
        "kept_flips": KEPT_FLIPS,
        "filters": _filters(chosen),
        "query": f"{urlencode(kept)}&" if kept else "",
        "may_run": request.user.has_perm(PERMISSION),
    }


def run_says(run: BacktestRun) -> str:
    """Return what a run has tried, with the rule's name as it was then."""
    rows = (*run.candidate_rows, *run.live_rows)
    name = next((row["name"] for row in rows if row["id"] == run.rule_id), "a rule")
    return change_says(Change.from_json(run.change), name)


def settings_say(settings: Settings) -> str:
    """Return settings in words."""
    ends = settings.questions == TO_A_PERSON
    questions = "a question ends with a person" if ends else "a question settles it"
    kinds = " and ".join(f"{kind}s" for kind in settings.kinds)
    return f"{settings.days} days of {kinds}; {settings.minutes:g} min of a person each; {questions}"


def _filtered(run: BacktestRun, chosen: dict[str, str]) -> QuerySet[BacktestFlip]:
    flips = BacktestFlip.objects.filter(run=run).order_by("number")
    if chosen["towards"] in TOWARDS:
        flips = flips.filter(after__in=TOWARDS[chosen["towards"]][1])
    if chosen["truth"] in TRUTHS:
        needed = TRUTHS[chosen["truth"]][1]
        flips = flips.filter(needed__isnull=True) if needed is None else flips.filter(needed=needed)
    if chosen["kind"] in BacktestFlip.CaseKind.values:
        flips = flips.filter(case_kind=chosen["kind"])
    return flips


def _filters(chosen: dict[str, str]) -> list[dict[str, Any]]:
    """Return the filters as selects: name, label, choices with what is chosen."""
    choices = (
        ("towards", "Direction", [(name, label) for name, (label, _) in TOWARDS.items()]),
        ("truth", "In truth", [(name, label) for name, (label, _) in TRUTHS.items()]),
        ("kind", "Case", list(BacktestFlip.CaseKind.choices)),
    )
    return [
        {
            "name": name,
            "label": label,
            "options": [(value, text, value == chosen[name]) for value, text in options],
        }
        for name, label, options in choices
    ]


def _check_post(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{100 * ratio:.0f} %"
