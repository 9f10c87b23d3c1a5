"""List pages that say the next step, with confirmed buttons that concern no single row.

Like core.admin_transitions, for moves such as "train on what there is now". Decides nothing about them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.enums import ActionVariant

from core.actors import Actor
from core.admin_base import BaseAdmin, actor_of
from core.errors import DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMove:
    """One button above a list. ``service(actor)`` does the move and returns what to say and where to go.

    An empty address leads back to the list. ``evidence`` returns safe HTML that stands beside the decision.
    """

    name: str
    label: str
    permission: str
    service: Callable[[Actor], tuple[str, str]]
    description: str
    evidence: Callable[[], str] = lambda: ""


class ListMoveMixin(BaseAdmin):
    """Add ``list_moves`` and a hint about the next step to a list page."""

    list_moves: Sequence[ListMove] = ()
    list_before_template = "admin/intents/list_hint.html"

    def next_step(self) -> str:
        """Return what to do where the list is empty."""
        return ""

    def get_urls(self) -> list[URLPattern]:
        move = path(
            "do/<slug:name>/", self.admin_site.admin_view(self.list_move_view), name=self._list_route("do")
        )
        return [move, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            changelist = response.context_data["cl"]
            empty = not changelist.result_list and not changelist.has_active_filters and not changelist.query
            response.context_data["hint"] = self.next_step() if empty else ""
            response.context_data["actions_list"] = [
                *response.context_data.get("actions_list", []),
                *(self._list_button(m) for m in self.list_moves if request.user.has_perm(m.permission)),
            ]
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the page; where a service refuses what the form let pass, say so and show it anew."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.path)

    def list_move_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show what the move will do (GET), or do it (POST)."""
        move = next((m for m in self.list_moves if m.name == name), None)
        if move is None:
            raise Http404
        if not request.user.has_perm(move.permission) or not self.has_view_permission(request):
            raise PermissionDenied
        list_url = reverse(f"admin:{self._list_route('changelist')}")
        status, refusal = 200, ""
        if request.method == "POST":
            try:
                said, address = move.service(actor_of(request))
            except DomainError as error:
                status, refusal = error.http_status, error.message
            else:
                messages.success(request, said)
                return HttpResponseRedirect(address or list_url)
        context = {
            **self.admin_site.each_context(request),
            "title": move.label,
            "opts": self.opts,
            "move": move,
            "evidence": move.evidence(),
            "refusal": refusal,
            "back_url": list_url,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/intents/list_confirm.html", context, status=status)

    def _list_button(self, move: ListMove) -> dict[str, Any]:
        return {
            "title": move.label,
            "path": reverse(f"admin:{self._list_route('do')}", args=(move.name,)),
            "variant": ActionVariant.DEFAULT,
            "attrs": {},
            "icon": None,
            "dialog": None,
        }

    def _list_route(self, view: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{view}"
