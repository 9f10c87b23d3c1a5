"""The board of categories: what tickets are about by volume, with buttons to merge, label and take back.

Replaces the list page of categories. A button posts to one address a kind of act; services decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from core.actors import Actor
from core.admin_base import actor_of
from core.errors import DomainError, InvalidInput
from nlp.cluster_merging import AT_LEAST, AT_MOST
from tickets.contracts import CategoryLine
from tickets.figures import ticket_audit
from tickets.labelling import suggest
from tickets.models import Category, CategoryChange
from tickets.services import (
    audit_job,
    audit_start,
    categories_merge,
    category_label,
    category_set_core,
    change_undo,
    undoable,
)

SHOWN_CHANGES = 12
REFRESH_SECONDS = 3


class BoardMixin(ModelAdmin):
    """Show categories as a board instead of a list."""

    def get_urls(self) -> list[URLPattern]:
        act = path(
            "board/<slug:name>/",
            self.admin_site.admin_view(self.board_view),
            name="tickets_category_board",
        )
        return [act, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show every category in use by volume, with its suggestion, and the last acts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        audit = ticket_audit()
        job = audit_job()
        newest = undoable()
        core = sum(line.is_core for line in audit.lines)
        context = {
            **self.admin_site.each_context(request),
            "title": "Categories",
            "opts": self.opts,
            "audit": audit,
            "lines": [_shown(line, audit.total.tickets) for line in audit.lines],
            "core_count": core,
            "core_fits": AT_LEAST <= core <= AT_MOST,
            "at_least": AT_LEAST,
            "at_most": AT_MOST,
            "unlabelled": sum(not line.label for line in audit.lines),
            "changes": list(CategoryChange.objects.all()[:SHOWN_CHANGES]),
            "undoable": newest,
            "job": job,
            "refresh_seconds": REFRESH_SECONDS if job else 0,
            "may_change": request.user.has_perm("tickets.change_category"),
            "may_label": request.user.has_perm("tickets.label_category"),
            "may_import": request.user.has_perm("tickets.add_importbatch"),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/tickets/board.html", context)

    def board_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Do what a button of the board says, and say what was done or why not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        act = ACTS.get(name)
        if act is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            messages.success(request, act(actor_of(request), request))
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:tickets_category_changelist"))


def _shown(line: CategoryLine, tickets: int) -> dict[str, Any]:
    """Return a line with its suggestion, as the board shows it."""
    return {
        "line": line,
        "label": Category.Label(line.label).label if line.label else "",
        "suggestion": (found := suggest(line.figures)),
        "suggested": Category.Label(found.label).label,
        "share_percent": 100 * line.share,
        "cumulative_percent": 100 * line.cumulative_share,
    }


def _chosen(request: HttpRequest) -> list[Category]:
    ids = [int(value) for value in request.POST.getlist("category") if value.isdecimal()]
    found = list(Category.objects.in_use().filter(pk__in=ids[:200]))
    if not found:
        raise InvalidInput("Tick at least one category first.", code="nothing_chosen")
    return found


def _merge(actor: Actor, request: HttpRequest) -> str:
    into = Category.objects.in_use().filter(
        pk__in=[v for v in [request.POST.get("into", "")] if v.isdecimal()]
    )
    target = into.first()
    if target is None:
        raise InvalidInput("Choose the category that the others go into.", code="no_target")
    chosen = _chosen(request)
    categories_merge(actor=actor, sources=chosen, into=target)
    return f"Merged into “{target.name}”. “Take back” brings the former categories back."


def _accept(actor: Actor, request: HttpRequest) -> str:
    """Label each chosen category as suggested; the reasons are kept as the person's."""
    figures = {line.category_id: line.figures for line in ticket_audit().lines}
    chosen = _chosen(request)
    for category in chosen:
        found = suggest(figures[category.pk])
        category_label(
            actor=actor,
            category=category,
            label=found.label,
            reason=" ".join(found.reasons),
            needs_judgement=found.needs_judgement,
            policy_exception=found.policy_exception,
            multi_system=found.multi_system,
        )
    return f"Labelled as suggested: {len(chosen)}. Look at each once more before you sign."


def _core(is_core: bool) -> Callable[[Actor, HttpRequest], str]:
    def act(actor: Actor, request: HttpRequest) -> str:
        chosen = _chosen(request)
        for category in chosen:
            category_set_core(actor=actor, category=category, is_core=is_core)
        return f"{'Now' if is_core else 'No longer'} core: {len(chosen)}."

    return act


def _undo(actor: Actor, request: HttpRequest) -> str:
    given = request.POST.get("change", "")
    change = CategoryChange.objects.filter(pk=int(given)).first() if given.isdecimal() else None
    if change is None:
        raise InvalidInput("There is nothing to take back.", code="nothing_to_undo")
    change_undo(actor=actor, change=change)
    return f"Taken back: {change.summary}."


def _start(anew: bool) -> Callable[[Actor, HttpRequest], str]:
    def act(actor: Actor, request: HttpRequest) -> str:
        audit_start(actor=actor, anew=anew)
        return "The audit is queued. This page shows how far it is."

    return act


ACTS: dict[str, Callable[[Actor, HttpRequest], str]] = {
    "merge": _merge,
    "accept": _accept,
    "core": _core(True),
    "not-core": _core(False),
    "undo": _undo,
    "start": _start(False),
    "anew": _start(True),
}
