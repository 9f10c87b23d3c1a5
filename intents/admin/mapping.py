"""The page “Categories → intents”: each category of the signed map, and the intents that answer its tickets.

Hangs on the intents' admin; the services decide what may be done.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError, InvalidInput
from intents.mapping import Mapping, MappingLine, category_mapping, prefilled_query
from intents.models import Intent
from intents.services import category_leave_out, category_map, category_take_in, category_unmap

CHANGE = "intents.change_intent"
ADD = "intents.add_intent"
VIEWS = ("intents.view_intent", "tickets.view_category")
TONES = {"ai_resolvable": "good", "ai_assisted": "info", "human_only": "bad"}
STATES = {"draft": "warn", "active": "good"}
MAX_CHOICES = 500
CAME_FROM = "mapping"


class MappingMixin(ModelAdmin):
    """Add the mapping page to the intents, and prefill a new intent from a category."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("mapping/", view(self.mapping_view), name="intents_mapping"),
            path("mapping/act/", view(self.mapping_act), name="intents_mapping_act"),
            *super().get_urls(),
        ]

    def mapping_view(self, request: HttpRequest) -> HttpResponse:
        """Show every category of the signed map with its intents, the unmapped ones first."""
        _check_view(request)
        return self._mapping_page(request)

    def mapping_act(self, request: HttpRequest) -> HttpResponse:
        """Map, unmap, leave out or take in one category; where that is refused, what was typed stays."""
        _check_view(request)
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            done = _act(request)
        except DomainError as refusal:
            typed = {
                "category": request.POST.get("category", ""),
                "intent": request.POST.get("intent", ""),
                "reason": request.POST.get("reason", ""),
                "refusal": refusal.message,
            }
            return self._mapping_page(request, typed=typed, status=refusal.http_status)
        messages.success(request, done)
        return HttpResponseRedirect(reverse("admin:intents_mapping"))

    def response_add(
        self, request: HttpRequest, obj: models.Model, post_url_continue: Any = None
    ) -> HttpResponse:
        """Lead back to the mapping those who came from there."""
        if request.GET.get("from") == CAME_FROM and "_continue" not in request.POST:
            messages.success(request, f"{obj} is there as a draft, mapped to its category.")
            return HttpResponseRedirect(reverse("admin:intents_mapping"))
        return super().response_add(request, obj, post_url_continue)

    def _mapping_page(
        self, request: HttpRequest, *, typed: dict[str, str] | None = None, status: int = 200
    ) -> HttpResponse:
        mapping = category_mapping()
        may_change = request.user.has_perm(CHANGE)
        intents = Intent.objects.exclude(state=Intent.State.ARCHIVED).order_by("label")
        context = {
            **self.admin_site.each_context(request),
            "title": "Categories → intents",
            "mapping": mapping,
            "groups": _groups(mapping),
            "choices": list(intents.values_list("pk", "label")[:MAX_CHOICES]) if may_change else [],
            "may_change": may_change,
            "may_add": request.user.has_perm(ADD),
            "may_sign": request.user.has_perm("tickets.view_auditreport"),
            "typed": typed or {},
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/intents/mapping.html", context, status=status)


def _groups(mapping: Mapping | None) -> list[dict[str, Any]]:
    """Return the lists of the page that are not empty, each with a heading and what it means."""
    if mapping is None:
        return []
    version = mapping.map.version
    groups = [
        (
            "unmapped",
            "Without an intent",
            "Core categories that no intent answers yet, the largest first.",
            mapping.unmapped,
        ),
        ("mapped", "Mapped", "Core categories with at least one intent.", mapping.mapped),
        (
            "later",
            "Not core yet",
            "The training starts with the core categories; these may follow.",
            mapping.later,
        ),
        (
            "left-out",
            "Out of scope",
            "Left to people, by decision. A decision can be taken back.",
            mapping.left_out,
        ),
        (
            "retired",
            "No longer in use",
            "Merged or retired since the map was signed. Sign the map anew to see the present ones.",
            mapping.retired,
        ),
    ]
    return [
        {"kind": kind, "title": title, "says": says, "lines": [_line(version, line) for line in lines]}
        for kind, title, says, lines in groups
        if lines
    ]


def _line(version: int, line: MappingLine) -> dict[str, Any]:
    category = line.category
    return {
        "category": category,
        "percent": 100 * category.share,
        "tone": TONES.get(category.label, ""),
        "intents": [{"intent": intent, "tone": STATES.get(intent.state, "")} for intent in line.intents],
        "out_of_scope": line.out_of_scope,
        "key": str(category.category_id),
        "create_query": f"{prefilled_query(version, category)}&from={CAME_FROM}",
    }


def _check_view(request: HttpRequest) -> None:
    if not all(request.user.has_perm(permission) for permission in VIEWS):
        raise PermissionDenied


def _act(request: HttpRequest) -> str:
    """Do what the form asks for and return what to say."""
    actor = actor_of(request)
    act, category = request.POST.get("act", ""), _number(request.POST.get("category", ""))
    if act == "leave-out":
        category_leave_out(actor=actor, category_id=category, reason=request.POST.get("reason", ""))
        return "The category is out of scope. You can take that back below."
    if act == "take-in":
        category_take_in(actor=actor, category_id=category)
        return "The category is in scope again."
    intent = Intent.objects.filter(pk=_number(request.POST.get("intent", ""))).first()
    if intent is None:
        raise InvalidInput("Choose the intent first.", code="no_intent")
    if act == "map":
        category_map(actor=actor, category_id=category, intent=intent)
        return f"Mapped to {intent.label}."
    if act == "unmap":
        category_unmap(actor=actor, category_id=category, intent=intent)
        return f"No longer mapped to {intent.label}."
    raise InvalidInput("Choose what to do with the category.", code="unknown_act")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
