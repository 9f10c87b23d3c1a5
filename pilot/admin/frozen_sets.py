"""The page “Week 1 against now”: the versions of a pilot's weeks on the same frozen test set."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin

from core.admin_base import BaseAdmin, actor_of
from core.models import Job
from pilot.models import FrozenJudgement, Pilot
from pilot.replay.frozen import (
    JUDGE_TASK,
    PERMISSION,
    Compared,
    compared,
    frozen_cases_ensure,
    frozen_judge_start,
    live_version,
    versions_by_week,
)

SHOWN_FLIPS = 100
TONES = {"fixed": "good", "broken": "bad", "moved": "warn"}


class FrozenMixin(ModelAdmin):
    """Add the page to the admin of replays."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.frozen_view))
        return [path("frozen/<int:pilot_id>/", view, name="pilot_frozen"), *super().get_urls()]

    def frozen_view(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """Show the weeks against the present version (GET), or ask the versions (POST)."""
        may_judge = request.user.has_perm(PERMISSION)
        if not self.has_view_permission(request) or (request.method == "POST" and not may_judge):
            raise PermissionDenied
        pilot = Pilot.objects.filter(pk=pilot_id).first()
        if pilot is None:
            raise Http404
        if request.method == "POST":
            BaseAdmin.attempt(
                self,
                request,
                lambda: frozen_judge_start(actor=actor_of(request), pilot=pilot),
                "The versions are being asked; reload this page in a moment.",
            )
            return HttpResponseRedirect(reverse("admin:pilot_frozen", args=(pilot.pk,)))
        cases = frozen_cases_ensure(pilot)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Week 1 against now",
            "pilot": pilot,
            "cases": cases,
            "may_judge": may_judge,
            "job": Job.objects.filter(task=JUDGE_TASK, arguments__pilot_id=pilot.pk)
            .order_by("-created_at")
            .first(),
            **(weeks_context(request, pilot) if cases else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/frozen.html", context)


def weeks_context(request: HttpRequest, pilot: Pilot) -> dict[str, Any]:
    """Return each week's version against the live one, and the flips of the chosen week (the first)."""
    live = live_version()
    weeks = versions_by_week(pilot)
    judged = set(FrozenJudgement.objects.filter(pilot=pilot).values_list("model_version", flat=True))
    wanted = {version for _, version in weeks} | ({live} if live is not None else set())
    by_version: dict[int, Compared | None] = {}
    rows: list[dict[str, Any]] = []
    for number, (week, version) in enumerate(weeks, 1):
        if live is not None and version not in by_version:
            by_version[version] = compared(pilot, week=week, before=version, after=live)
        rows.append({"number": number, "week": week, "version": version, "found": by_version.get(version)})
    said = request.GET.get("week", "")
    chosen = next((row for row in rows if str(row["number"]) == said), rows[0] if rows else None)
    found = chosen["found"] if chosen else None
    return {
        "live": live,
        "weeks": rows,
        "missing": sorted(wanted - judged),
        "only_live": bool(weeks) and wanted == {live},
        "chosen": chosen,
        "found": found,
        "flips": [(flip, TONES[flip.change]) for flip in found.flips[:SHOWN_FLIPS]] if found else [],
        "shown_flips": SHOWN_FLIPS,
        "may_read": request.user.has_perm("tickets.view_ticket"),
    }
