"""The panel beside a rule's Enable button: its version's last back-test, and the button that runs one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError
from core.models import Job
from escalation.backtest.candidate import ENABLE, Change
from escalation.backtest.enabling import MISSING, READY, STALE, clearance_of
from escalation.backtest.readout import Line, figure_lines, figures_of_run
from escalation.backtest.replaying import Settings, default_minutes
from escalation.backtest.rules import live_rows
from escalation.backtest.running import PERMISSION, backtest_jobs, backtest_start
from escalation.models import BacktestRun, Rule

TEMPLATE = "admin/escalation/rule_backtest.html"


class RuleBacktestMixin(ModelAdmin):
    """Add the panel to a rule's page, and the addresses that it posts to and is refreshed from."""

    change_form_outer_after_template = TEMPLATE

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:rule_id>/backtest/", view(self.backtest_view), name="escalation_rule_backtest"),
            path("<int:rule_id>/backtest/panel/", view(self.panel_view), name="escalation_rule_panel"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        rule = kwargs.get("obj")
        if rule is not None:
            context |= panel_context(request, rule)
        return super().render_change_form(request, context, *args, **kwargs)

    def backtest_view(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        """Queue a back-test of the rule's present version (POST)."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        rule = _rule(rule_id)
        settings = Settings(minutes=default_minutes()[0])
        try:
            backtest_start(
                actor=actor_of(request), change=Change(ENABLE, rule.pk, rule.version), settings=settings
            )
            messages.success(request, "The back-test is queued; its result appears below.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(f"{reverse('admin:escalation_rule_change', args=(rule.pk,))}#back-test")

    def panel_view(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        """Return the panel alone, for the page that waits for a run."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return HttpResponse(render_to_string(TEMPLATE, panel_context(request, _rule(rule_id)), request))


def panel_context(request: HttpRequest, rule: Rule) -> dict[str, Any]:
    """Return what the panel shows."""
    clearance = clearance_of(rule)
    is_live = any((row["id"], row["version"]) == (rule.pk, rule.version) for row in live_rows()[1])
    return {
        "rule": rule,
        "is_live": is_live,
        "state": clearance.state,
        "is_ready": clearance.state == READY,
        "is_stale": clearance.state == STALE,
        "is_missing": clearance.state == MISSING,
        "says": "" if is_live else clearance.message,
        "backtest": clearance.run,
        "backtest_lines": _lines(clearance.run),
        "backtest_job": _job_of(rule),
        "may_run": request.user.has_perm(PERMISSION),
        "may_look": request.user.has_perm("escalation.view_backtestrun"),
    }


def enable_evidence(request: HttpRequest, rule: Rule) -> str:
    """Return the panel as it stands beside the question whether to enable (safe HTML)."""
    return render_to_string(TEMPLATE, {**panel_context(request, rule), "in_form": True}, request)


def _lines(run: BacktestRun | None) -> tuple[Line, ...]:
    return figure_lines(*figures_of_run(run.content)) if run else ()


def _job_of(rule: Rule) -> Job | None:
    """Return the run of this rule's present version that waits or works."""
    wanted = {"kind": ENABLE, "rule_id": rule.pk, "rule_version": rule.version}
    return next((job for job in backtest_jobs() if wanted.items() <= job.arguments["change"].items()), None)


def _rule(rule_id: int) -> Rule:
    rule = Rule.objects.filter(pk=rule_id).first()
    if rule is None:
        raise Http404
    return rule
