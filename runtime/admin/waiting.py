"""The page “Waiting times”: waits by hour of the day, and whether the waits that were told were kept."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from escalation.teams.contracts import TeamSummary
from escalation.teams.selectors import teams_active
from runtime.waiting.readouts import MAX_ROWS, waiting_readout


class WaitingMixin(ModelAdmin):
    """Add the page to the admin of handoffs."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.waiting_view))
        return [path("waiting/", view, name="runtime_waiting"), *super().get_urls()]

    def waiting_view(self, request: HttpRequest) -> HttpResponse:
        """Show the figures of all teams, or of one: ?team=3."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        teams = teams_active()
        team = _chosen(teams, request.GET.get("team", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": "Waiting times",
            "teams": teams,
            "team": team,
            "readout": waiting_readout(team_id=team.id if team else None),
            "max_rows": MAX_ROWS,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/runtime/waiting.html", context)


def _chosen(teams: tuple[TeamSummary, ...], said: str) -> TeamSummary | None:
    if not said:
        return None
    found = next((team for team in teams if str(team.id) == said), None)
    if found is None:
        raise Http404
    return found
