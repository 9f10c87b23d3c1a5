"""The page of a rehearsal: its weeks, what was played and reviewed, and the button for the next week."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError
from core.models import Job
from pilot.drafts.collecting import drafts_collect
from pilot.models import Pilot
from pilot.replay.rehearsing import MAX_LIMIT, PERMISSION, REHEARSAL_TASK, rehearsal_week_start
from pilot.replay.weeks import first_week_suggested, next_week, weeks_of
from pilot.workflow import REPLAY_SOURCE, RUNNING

USUAL_LIMIT = 30


class PlayForm(forms.Form):
    """Which week, and how much of it."""

    week = forms.DateField()
    limit = forms.IntegerField(min_value=1, max_value=MAX_LIMIT, required=False)
    follow_ups = forms.BooleanField(required=False)


class RehearsalMixin(ModelAdmin):
    """Add the page to the admin of replays."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.rehearsal_view))
        return [path("rehearsal/<int:pilot_id>/", view, name="pilot_rehearsal"), *super().get_urls()]

    def rehearsal_view(self, request: HttpRequest, pilot_id: int) -> HttpResponse:
        """Show the weeks (GET), or queue the play of one (POST)."""
        may_play = request.user.has_perm(PERMISSION)
        if not self.has_view_permission(request) or (request.method == "POST" and not may_play):
            raise PermissionDenied
        pilot = Pilot.objects.select_related("category").filter(pk=pilot_id, source=REPLAY_SOURCE).first()
        if pilot is None:
            raise Http404
        refusal, status = "", 200
        if request.method == "POST":
            refusal, status = self._play(request, pilot)
            if not refusal:
                return HttpResponseRedirect(reverse("admin:pilot_rehearsal", args=(pilot.pk,)))
        drafts_collect(pilot_id=pilot.pk)
        weeks = weeks_of(pilot)
        played = [week for week in weeks if week.played]
        following = next_week(weeks) or (None if played else first_week_suggested(weeks))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": pilot.name,
            "pilot": pilot,
            "weeks": weeks[::-1],
            "has_played": bool(played),
            "next_week": following,
            "last_played": played[-1].monday if played else None,
            "is_running": pilot.state == RUNNING,
            "may_play": may_play,
            "usual_limit": USUAL_LIMIT,
            "most": MAX_LIMIT,
            "refusal": refusal,
            "jobs": jobs_of(pilot.pk),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/rehearsal.html", context, status=status)

    def _play(self, request: HttpRequest, pilot: Pilot) -> tuple[str, int]:
        """Queue what the form says; return why it is refused, with the status."""
        form = PlayForm(request.POST)
        if not form.is_valid():
            return "Choose a week, and a whole number of tickets or none.", 400
        week: date = form.cleaned_data["week"]
        try:
            rehearsal_week_start(
                actor=actor_of(request),
                pilot=pilot,
                week=week,
                limit=form.cleaned_data["limit"],
                follow_ups=form.cleaned_data["follow_ups"],
            )
        except DomainError as error:
            return error.message, error.http_status
        messages.success(request, f"The week from {week} is being played; reload this page to see it grow.")
        return "", 200


def jobs_of(pilot_id: int) -> list[Job]:
    """Return the newest plays of a pilot."""
    return list(
        Job.objects.filter(task=REHEARSAL_TASK, arguments__pilot_id=pilot_id).order_by("-created_at")[:3]
    )
