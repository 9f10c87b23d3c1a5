"""The dial: move a number, enable or disable a rule, and see what that does before anything is kept.

Works as a plain form; with a script the figures follow the slider. Hangs on the back-tests' admin.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError
from escalation.backtest.bound import DELTA, LIMIT
from escalation.backtest.candidate import Change
from escalation.backtest.figures import Figures
from escalation.backtest.pages.asking import (
    KIND_LABELS,
    QUESTION_LABELS,
    Asked,
    Choice,
    asked_of,
    choices,
)
from escalation.backtest.pages.evidence import flips_of_preview
from escalation.backtest.plot import dial_plot, x_of
from escalation.backtest.preview import (
    PREVIEW_CASES,
    DialReading,
    dial_reading,
    figures_at,
    preview,
    preview_cases,
)
from escalation.backtest.readout import figure_lines
from escalation.backtest.rules import proposed_row, trial_of
from escalation.backtest.running import PERMISSION, backtest_jobs, backtest_start
from escalation.models import BacktestRun, Rule
from escalation.services import rule_update

VIEW = "escalation.view_backtestrun"
CHANGE_RULE = "escalation.change_rule"


class DialMixin(ModelAdmin):
    """Add the dial to the back-tests."""

    list_before_template = "admin/escalation/backtest_runs.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("dial/", view(self.dial_view), name="escalation_backtest_dial"),
            path("dial/figures/", view(self.figures_view), name="escalation_backtest_figures"),
            path("dial/save/", view(self.save_view), name="escalation_backtest_save"),
            path("dial/propose/", view(self.propose_view), name="escalation_backtest_propose"),
            *super().get_urls(),
        ]

    def dial_view(self, request: HttpRequest) -> HttpResponse:
        """Show the dial (GET)."""
        _check(request, VIEW)
        offered = choices()
        asked = asked_of(request.GET, offered)
        context = {
            **self.admin_site.each_context(request),
            "title": "Try a change",
            "groups": _grouped(offered, asked.choice),
            "asked": asked,
            "kind_choices": [(v, label, v == asked.kinds) for v, label in KIND_LABELS.items()],
            "question_choices": [
                (v, label, v == asked.settings.questions) for v, label in QUESTION_LABELS.items()
            ],
            "may_run": request.user.has_perm(PERMISSION),
            "may_change": request.user.has_perm(CHANGE_RULE),
            "jobs": backtest_jobs(),
            "newest": BacktestRun.objects.select_related("rule").order_by("-pk").first(),
            **_readout(asked),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/escalation/dial.html", context)

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Return the figures of one value as JSON: their HTML, and where the mark stands."""
        _check(request, VIEW)
        asked = asked_of(request.GET, choices())
        if asked.dial is None:
            return JsonResponse({"code": "no_dial", "message": "Choose a number."}, status=400)
        reading = dial_reading(asked.dial.rule_id, asked.dial.name, asked.settings)
        html = render_to_string("admin/escalation/dial_figures.html", _at_value(asked, reading))
        ends = (reading.points[0].value, reading.points[-1].value)
        value = float(asked.change.value or 0)
        return JsonResponse({"html": html, "value": value, "x": x_of(value, ends)})

    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Queue a run of what the dial shows (POST)."""
        _check(request, PERMISSION)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        asked = asked_of(request.POST, choices())
        try:
            backtest_start(actor=actor_of(request), change=asked.change, settings=asked.settings)
            messages.success(request, "The run is queued: it takes all cases, and stays as evidence.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(_address(request))

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """Write the value into the rule, as an edit that a person has still to enable (POST)."""
        _check(request, CHANGE_RULE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        asked = asked_of(request.POST, choices())
        if asked.dial is None:
            messages.error(request, "Choose a number first.")
            return HttpResponseRedirect(_address(request))
        rule = Rule.objects.get(pk=asked.dial.rule_id)
        parameters = {**proposed_row(rule.pk)["parameters"], asked.dial.name: asked.change.value}
        try:
            rule_update(actor=actor_of(request), rule=rule, parameters=parameters)
            messages.success(
                request, f"{asked.dial.label.capitalize()} is now {asked.change.value:g} in the rule."
            )
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(_address(request))
        return HttpResponseRedirect(reverse("admin:escalation_rule_change", args=(rule.pk,)))


def _readout(asked: Asked) -> dict[str, Any]:
    """Return what the page shows of the change: cases, figures, plot, recommendation, first flips."""
    collected = preview_cases(asked.settings)
    found: dict[str, Any] = {
        "collected": collected,
        "more_than": PREVIEW_CASES if collected.left_out else 0,
        "all_cases": len(collected.cases) + collected.left_out,
    }
    if not collected.cases:
        return found
    trial, shown = trial_of(asked.change), preview(asked.change, asked.settings)
    found["flips"] = flips_of_preview(shown.flips, trial.live_rows, trial.rows)
    if asked.dial is None:
        return {**found, **_figures(shown.before, shown.after, shown.flip_count)}
    reading = dial_reading(asked.dial.rule_id, asked.dial.name, asked.settings)
    recommended = reading.found.value if reading.found else None
    return {
        **found,
        **_figures(shown.before, shown.after, shown.flip_count),
        "reading": reading,
        "limit_percent": 100 * LIMIT,
        "confidence_percent": 100 * (1 - DELTA),
        "recommended_rate": None
        if recommended is None
        else figures_at(reading, recommended, asked.settings)[0].rate,
        "recommended_address": _with_value(asked, recommended),
        "plot": dial_plot(
            asked.dial,
            reading.points,
            asked.settings.assumed,
            proposed=float(asked.change.value or 0),
            recommended=recommended,
        ),
    }


def _at_value(asked: Asked, reading: DialReading) -> dict[str, Any]:
    value = float(asked.change.value or 0)
    after, flips = figures_at(reading, value, asked.settings)
    return _figures(preview(Change(), asked.settings).before, after, flips)


def _figures(before: Figures, after: Figures, flips: int) -> dict[str, Any]:
    return {"lines": figure_lines(before, after), "figures": after, "flip_count": flips}


def _grouped(offered: list[Choice], chosen: str) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    groups: dict[str, list[tuple[str, str, bool]]] = {}
    for one in offered:
        groups.setdefault(one.group, []).append((one.value, one.label, one.value == chosen))
    return list(groups.items())


def _with_value(asked: Asked, value: float | None) -> str:
    return "" if value is None else _query(asked, value)


def _query(asked: Asked, value: float) -> str:
    return urlencode(
        {
            "try": asked.choice,
            "value": f"{value:g}",
            "days": asked.settings.days,
            "minutes": f"{asked.settings.minutes:g}",
            "questions": asked.settings.questions,
            "kinds": asked.kinds,
        }
    )


def _address(request: HttpRequest) -> str:
    asked = asked_of(request.POST, choices())
    return f"{reverse('admin:escalation_backtest_dial')}?{_query(asked, float(asked.change.value or 0))}"


def _check(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(VIEW) or not request.user.has_perm(permission):
        raise PermissionDenied
