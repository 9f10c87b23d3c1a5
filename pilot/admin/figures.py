"""A pilot's figures: the overview with the honest meter, the conversations behind each number, CSV.

Hangs on the weekly reviews' admin. Counts nothing itself: pilot.figures does.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from pilot import workflow
from pilot.admin.figure_lines import (
    STATES,
    cells_of,
    charts_of,
    conversations_csv,
    conversations_url,
    minutes_said,
    week_lines,
    weeks_csv,
)
from pilot.figures.cards import cards_of
from pilot.figures.honest_meter import honest_meter
from pilot.figures.interactions import interactions_of
from pilot.figures.selectors import Figures, figures_of, reviews_by_week
from pilot.inferred import FORMULA
from pilot.meter import CONCLUSIVE_FROM, PROVISIONAL_FROM
from pilot.models import Pilot
from pilot.resolutions import RESOLVED, SAYS, WAIT, Resolution
from pilot.weeks import Told
from runtime.placement import SHADOW

VIEW = "pilot.view_weeklyreview"
MAX_CHOICES = 100
PER_PAGE = 50
TRENDS = ("resolution_rate", "csat", "corrections")
SAMPLED, RESOLVED_STATES = "sampled", "resolved"
TONES = {
    **dict.fromkeys(RESOLVED, "good"),
    **dict.fromkeys((Resolution.WITHDRAWN, Resolution.CORRECTED, Resolution.ABANDONED), "bad"),
    Resolution.ESCALATED: "warn",
}


CHOICES: dict[str, list[tuple[str, str]]] = {
    "state": [
        (SAMPLED, "All that were sampled"),
        (RESOLVED_STATES, "Resolved"),
        *((state.value, label) for state, label in STATES),
    ],
    "mode": [("shadow", "Shadow"), ("assist", "Assist"), ("live", "Live")],
    "review": [("yes", "Reviewed"), ("corrected", "Corrected"), ("no", "Not reviewed")],
    "rated": [("yes", "Rated"), ("low", "Rated 1 or 2"), ("no", "Not rated")],
}


class ConversationsForm(forms.Form):
    """Which conversations are listed; anything that does not fit is left out, so that every link answers."""

    state = forms.ChoiceField(choices=CHOICES["state"], required=False)
    week = forms.DateField(required=False)
    mode = forms.ChoiceField(choices=CHOICES["mode"], required=False)
    review = forms.ChoiceField(choices=CHOICES["review"], required=False)
    rated = forms.ChoiceField(choices=CHOICES["rated"], required=False)
    intent = forms.CharField(max_length=100, required=False)

    def chosen(self) -> dict[str, Any]:
        """Return the filters as far as they could be read."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


class FiguresMixin(ModelAdmin):
    """Add the pages of figures and their exports."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("figures/", view(require_safe(self.figures_home)), name="pilot_figures_home"),
            path("<int:pilot_id>/figures/", view(require_safe(self.figures_view)), name="pilot_figures"),
            path(
                "<int:pilot_id>/figures/export/",
                view(require_safe(self.figures_export)),
                name="pilot_figures_export",
            ),
            path(
                "<int:pilot_id>/conversations/",
                view(require_safe(self.resolutions_view)),
                name="pilot_resolutions",
            ),
            path(
                "<int:pilot_id>/conversations/export/",
                view(require_safe(self.resolutions_export)),
                name="pilot_resolutions_export",
            ),
            *super().get_urls(),
        ]

    def figures_home(self, request: HttpRequest) -> HttpResponse:
        """Go to the figures of the pilot that runs, or of the newest; say what to do where there is none."""
        _check(request)
        pilots = Pilot.objects.exclude(started_at=None).order_by("-started_at", "-pk")
        newest = pilots.filter(state__in=workflow.CURRENT).first() or pilots.first()
        if newest is not None:
            return HttpResponseRedirect(reverse("admin:pilot_figures", args=(newest.pk,)))
        context = {**self.admin_site.each_context(request), "title": "Pilot figures", "plan_url": _plan_url()}
        return TemplateResponse(request, "admin/pilot/no_figures.html", context)

    def figures_view(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """Show everything that is measured of one pilot."""
        _check(request)
        pilot = _pilot(pilot_id)
        found = figures_of(pilot)
        context = {
            **self.admin_site.each_context(request),
            **_shared(pilot, "figures"),
            "title": f"Figures: {pilot}",
            **_overview(pilot, found),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/figures.html", context)

    def figures_export(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """Answer with the weekly table as CSV."""
        _check(request)
        pilot = _pilot(pilot_id)
        return _csv(weeks_csv(figures_of(pilot).weeks, reviews_by_week(pilot)), f"pilot-{pilot.pk}-weeks")

    def resolutions_view(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """List conversations with what each counts as."""
        _check(request)
        pilot = _pilot(pilot_id)
        form = ConversationsForm(request.GET)
        chosen = form.chosen()
        everything = interactions_of(pilot)
        rows = sorted(_filtered(everything, chosen), key=lambda one: one.began_at, reverse=True)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        query = request.GET.copy()
        query.pop("page", None)
        context = {
            **self.admin_site.each_context(request),
            **_shared(pilot, "conversations"),
            "title": f"Conversations: {pilot}",
            "form": form,
            "chosen": chosen,
            "choices": CHOICES,
            "weeks": sorted({one.week for one in everything}, reverse=True),
            "page": page,
            "rows": [_row(one) for one in page],
            "total": len(everything),
            "query": query.urlencode(),
            "may_open": request.user.has_perm("runtime.view_conversation"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/resolutions.html", context)

    def resolutions_export(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """Answer with the chosen conversations as CSV."""
        _check(request)
        pilot = _pilot(pilot_id)
        rows = _filtered(interactions_of(pilot), ConversationsForm(request.GET).chosen())
        return _csv(conversations_csv(rows), f"pilot-{pilot.pk}-conversations")


def _overview(pilot: Pilot, found: Figures) -> dict[str, Any]:
    conditions = found.verdict.conditions
    return {
        "meter": honest_meter(found.whole, found.verdict, pilot.targets),
        "provisional": PROVISIONAL_FROM,
        "conclusive": CONCLUSIVE_FROM,
        "verdict": found.verdict,
        "trends": [one for one in conditions if one.name in TRENDS],
        "further": [one for one in conditions if one.name not in TRENDS],
        "cards": cards_of(found.whole, baseline=pilot.baseline, targets=pilot.targets),
        "whole": found.whole,
        "whole_cells": cells_of(found.whole, pilot),
        "lines": week_lines(found.weeks, reviews_by_week(pilot), pilot),
        "charts": charts_of(found.weeks, pilot),
        "is_shadow": pilot.stage == SHADOW,
        "is_rehearsal": pilot.source == workflow.REPLAY_SOURCE,
        "inferred_formula": FORMULA,
        "agreement": _agreement(found.conversations),
        "states": [(label, SAYS[state]) for state, label in STATES],
    }


def _agreement(conversations: tuple[Told, ...]) -> tuple[int, int]:
    """Return how often the inferred score says the same as the rating, and of how many that have both."""
    both = [one.what for one in conversations if one.what.csat is not None and one.what.inferred is not None]
    alike = sum(((one.csat or 0) >= 4) == ((one.inferred or 0) >= 4) for one in both)
    return alike, len(both)


def _filtered(conversations: list[Told], chosen: dict[str, Any]) -> list[Told]:
    state, review, rated = chosen.get("state"), chosen.get("review"), chosen.get("rated")
    wanted: frozenset[str] = frozenset((state,)) if state else frozenset()
    if state == SAMPLED:
        wanted = frozenset(set(Resolution) - {Resolution.NOT_SAMPLED})
    elif state == RESOLVED_STATES:
        wanted = frozenset(RESOLVED)
    week: date | None = chosen.get("week")
    return [
        one
        for one in conversations
        if (not wanted or one.what.resolution in wanted)
        and (week is None or one.week == week)
        and chosen.get("mode", one.mode) == one.mode
        and chosen.get("intent", one.intent) == one.intent
        and (
            not review
            or (one.what.corrected if review == "corrected" else one.what.reviewed == (review == "yes"))
        )
        and (not rated or _is_rated(one.what.csat, rated))
    ]


def _is_rated(csat: int | None, rated: str) -> bool:
    if rated == "low":
        return csat is not None and csat <= 2
    return (csat is not None) == (rated == "yes")


def _row(one: Told) -> dict[str, Any]:
    state = one.what.resolution
    return {
        "told": one,
        "label": dict(STATES)[state],
        "says": SAYS[state],
        "tone": TONES.get(state, ""),
        "minutes": minutes_said(one.what.minutes),
        "url": reverse("admin:runtime_conversation_change", args=(one.conversation_id,)),
    }


def _shared(pilot: Pilot, page: str) -> dict[str, Any]:
    return {
        "pilot": pilot,
        "pilots": Pilot.objects.exclude(started_at=None).order_by("-started_at", "-pk")[:MAX_CHOICES],
        "figures_page": page,
        "conversations_url": conversations_url(pilot),
        "reviews_url": f"{reverse('admin:pilot_weeklyreview_changelist')}?pilot__id__exact={pilot.pk}",
        "pilot_url": _pilot_url(pilot),
        "wait_hours": int(WAIT.total_seconds() // 3600),
        "now": timezone.localtime(),
    }


def _pilot_url(pilot: Pilot) -> str:
    try:
        return reverse("admin:pilot_pilot_change", args=(pilot.pk,))
    except NoReverseMatch:
        return ""


def _plan_url() -> str:
    try:
        return reverse("admin:pilot_pilot_add")
    except NoReverseMatch:
        return ""


def _pilot(pilot_id: int) -> Pilot:
    if pilot_id > 2**63 - 1:
        raise Http404
    return get_object_or_404(Pilot, pk=pilot_id)


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _csv(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
