"""The page “Dataset health”: what the last check found, and merges of intents.

Hangs on the intents' admin; the acts with what is ticked are in health_acts.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError
from core.models import Job
from core.proportions import Share
from intents.admin.health_acts import act_on_findings
from intents.health.checking import (
    dataset_fingerprint,
    health_check_job,
    health_check_start,
    latest_health_report,
)
from intents.health.readout import BY_SLUG, Readout, Section
from intents.models import Intent, IntentMerge
from intents.services import intent_merge, intent_merge_undo
from tickets.selectors import ticket_openings

VIEW, CHANGE, MERGE = "intents.view_example", "intents.change_example", "intents.change_intent"
PER_PAGE = 25
MAX_CHOICES = 500
SHOWN_MERGES = 10
SHOWN_EXAMPLES = 8
REFRESH_SECONDS = 2
UNDER_WAY = (Job.State.QUEUED, Job.State.RUNNING)


class HealthMixin(ModelAdmin):
    """Add the health page to the intents."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("health/", view(self.health_view), name="intents_health"),
            path("health/check/", view(self.health_check), name="intents_health_check"),
            path("health/act/", view(self.health_act), name="intents_health_act"),
            path("health/merge/<int:source>/<int:into>/", view(self.merge_view), name="intents_merge"),
            path("health/merge/<int:merge>/undo/", view(self.merge_undo), name="intents_merge_undo"),
            *super().get_urls(),
        ]

    def health_view(self, request: HttpRequest) -> HttpResponse:
        """Show one section of the newest report (the first with a finding), and how many the others have."""
        _check(request, VIEW)
        kind = request.GET.get("list", "")
        if kind and kind not in BY_SLUG:
            raise Http404
        return self._health_page(request, kind)

    def health_check(self, request: HttpRequest) -> HttpResponse:
        """Queue a check."""
        _check(request, CHANGE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            health_check_start(actor=actor_of(request))
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(_address(request.POST.get("list", "")))

    def health_act(self, request: HttpRequest) -> HttpResponse:
        """Do one act with everything ticked; where it cannot begin, what was ticked and typed stays."""
        _check(request, CHANGE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        kind = request.POST.get("list", "")
        if kind not in BY_SLUG:
            raise Http404
        try:
            act_on_findings(request, kind)
        except DomainError as refusal:
            return self._health_page(request, kind, refusal=refusal)
        return HttpResponseRedirect(_address(kind))

    def merge_view(self, request: HttpRequest, source: int, into: int) -> HttpResponse:
        """Show what a merge would do (GET), or do it (POST)."""
        _check(request, MERGE)
        first, second = get_object_or_404(Intent, pk=source), get_object_or_404(Intent, pk=into)
        refusal: DomainError | None = None
        if request.method == "POST":
            try:
                merge = intent_merge(actor=actor_of(request), source=first, into=second)
            except DomainError as error:
                refusal = error
            else:
                messages.success(
                    request,
                    f"{len(merge.moved)} phrasings moved to {second.label}; {first.label} is archived.",
                )
                return HttpResponseRedirect(_address("merges"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Merge {first.label} into {second.label}",
            "source": first,
            "into": second,
            "columns": [_evidence(first), _evidence(second)],
            "refusal": refusal,
            "back_url": _address("merges"),
        }
        return self._response(request, "admin/intents/merge.html", context, refusal)

    def merge_undo(self, request: HttpRequest, merge: int) -> HttpResponse:
        """Take a merge back."""
        _check(request, MERGE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = get_object_or_404(IntentMerge.objects.select_related("source"), pk=merge)
        try:
            intent_merge_undo(actor=actor_of(request), merge=row)
        except DomainError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"{row.source.label} is back with its phrasings.")
        return HttpResponseRedirect(_address("merges"))

    def _health_page(
        self, request: HttpRequest, kind: str, *, refusal: DomainError | None = None
    ) -> HttpResponse:
        report, job = latest_health_report(), health_check_job()
        readout = Readout(report)
        sections = readout.sections()
        tiles = [_tile(section) for section in sections]
        kind = kind or next((t["section"].kind.slug for t in tiles if t["count"]), "conflicts")
        shown = next(section for section in sections if section.kind.slug == kind)
        is_under_way = job is not None and job.state in UNDER_WAY
        context = {
            **self.admin_site.each_context(request),
            "title": "Dataset health",
            "report": report,
            "job": job,
            "refresh_seconds": REFRESH_SECONDS if is_under_way and not refusal else 0,
            "has_failed": job is not None and job.state in (Job.State.FAILED, Job.State.QUARANTINED),
            "is_stale": report is not None and report.fingerprint != dataset_fingerprint(),
            "tiles": tiles,
            "shown": shown,
            "page": Paginator(shown.open, PER_PAGE).get_page(request.GET.get("p")),
            "coverage": _coverage(readout) if kind == "coverage" else None,
            "merges": _merges() if kind == "merges" else [],
            "may_change": request.user.has_perm(CHANGE),
            "may_merge": request.user.has_perm(MERGE),
            "choices": [i for i in readout.intents.values() if i.state != Intent.State.ARCHIVED][
                :MAX_CHOICES
            ],
            "refusal": refusal,
            "ticked": set(request.POST.getlist("example")) if refusal else set(),
            "ticked_findings": set(request.POST.getlist("finding")) if refusal else set(),
            "typed": {"reason": request.POST.get("reason", ""), "to": request.POST.get("to", "")},
        }
        return self._response(request, "admin/intents/health.html", context, refusal)

    def _response(
        self, request: HttpRequest, template: str, context: dict[str, Any], refusal: DomainError | None
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        status = refusal.http_status if refusal else 200
        return TemplateResponse(request, template, context, status=status)


def _check(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(VIEW) or not request.user.has_perm(permission):
        raise PermissionDenied


def _address(kind: str) -> str:
    return f"{reverse('admin:intents_health')}?list={kind if kind in BY_SLUG else 'conflicts'}"


def _tile(section: Section) -> dict[str, Any]:
    """Return a tile with the number of open findings; of label errors only the likely ones count."""
    count = sum(finding.facts.get("is_likely", True) for finding in section.open)
    return {"section": section, "count": count, "is_bad": section.kind.slug == "same-text" and count > 0}


def _evidence(intent: Intent) -> dict[str, Any]:
    active = intent.examples.active().order_by("pk")
    return {
        "intent": intent,
        "count": active.count(),
        "examples": list(active.values_list("text", flat=True)[:SHOWN_EXAMPLES]),
    }


def _merges() -> list[IntentMerge]:
    rows = IntentMerge.objects.select_related("source", "into", "merged_by").order_by("-pk")
    return list(rows[:SHOWN_MERGES])


def _coverage(readout: Readout) -> dict[str, Any] | None:
    """Return the coverage as the page says it, with the words of the typical tickets."""
    found = readout.content.get("coverage")
    if not found:
        return None
    openings = ticket_openings({pk for topic in found["topics"] for pk in topic["typical"]})
    return {
        **found,
        "share": Share(found["understood"], found["tickets"]),
        "percent": 100 * found["understood"] / found["tickets"],
        "lines": [
            {
                **line,
                "percent": 100 * line["understood"] / line["tickets"],
                "missed": line["tickets"] - line["understood"],
            }
            for line in found["categories"]
        ],
        "topics": [
            {**topic, "openings": [openings[pk] for pk in topic["typical"] if pk in openings]}
            for topic in found["topics"]
        ],
    }
