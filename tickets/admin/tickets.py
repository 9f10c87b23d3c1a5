"""Closed tickets in the admin: find one, read its cleaned conversation, and compare it with what came in."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.errors import DomainError
from tickets.glossary import current_glossary
from tickets.models import Category, Classification, RawText, Ticket, TicketText
from tickets.services import tickets_move, training_texts
from tickets.services.board import MAX_MOVED_TICKETS
from tickets.services.renewing import MAX_EXPORTED
from tickets.texts import marked_conversation

VIEW_RAW = "tickets.view_rawtext"
MAX_COMPARED = 100  # messages: each is cleaned anew to show what cleaning did
STATUS_BADGES = {"solved": "success", "closed": "success", "deleted": "danger"}
AUTHORS = {"customer": "Customer", "agent": "Agent", "system": "System"}


class TicketActionForm(ActionForm):
    """The action bar of the list, with the category that tickets may be moved to."""

    into = forms.ModelChoiceField(
        required=False,
        queryset=Category.objects.in_use(),
        empty_label="Category …",
        widget=UnfoldAdminSelectWidget({"aria-label": "Category to move to"}),
    )


class CategoryFilter(admin.SimpleListFilter):
    """Tickets of one category, or of none."""

    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = Category.objects.in_use().order_by("name").values_list("pk", "name")[:100]
        return [("none", "No category"), *((str(pk), name) for pk, name in names)]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Ticket]) -> models.QuerySet[Ticket]:
        value = self.value()
        if value == "none":
            return queryset.filter(in_window=True, classification__cluster=None)
        if value and value.isdecimal():
            return queryset.filter(in_window=True, classification__cluster__category=int(value))
        return queryset


@admin.register(Ticket)
class TicketAdmin(NextStepMixin, ReadOnlyAdmin):
    """Closed tickets."""

    change_form_template = "admin/tickets/ticket.html"
    action_form = TicketActionForm
    actions = ("move_selected", "export_selected")
    list_display = (
        "external_id",
        "show_subject",
        "source",
        "status_badge",
        "in_window",
        "show_category",
        "kind",
        "csat",
        "closed_at",
    )
    list_select_related = ("classification__cluster__category",)
    list_filter = (
        CategoryFilter,
        "classification__resolution_path",
        "classification__escalation_outcome",
        "source",
        "in_window",
        "status",
        "escalated",
        ("closed_at", RangeDateTimeFilter),
    )
    search_fields = ("=external_id", "subject", "text__customer_words")
    search_help_text = "Its id at the help desk, or words of its subject or of the customer"
    fields = (
        ("source", "external_id"),
        "subject",
        ("status", "in_window"),
        ("kind", "priority"),
        ("channel", "group"),
        ("created_at", "closed_at"),
        ("csat", "escalated"),
        ("reopens", "updated_at"),
        ("agent_replies", "reassignments"),
        ("first_reply_seconds", "resolution_seconds"),
        ("tags", "extra"),
        ("first_batch", "last_batch"),
    )

    def next_step(self, request: HttpRequest) -> str:
        return "No closed tickets yet. Add an export of your help desk under Imports."

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Ticket]:
        queryset = super().get_queryset(request)
        address = request.resolver_match.url_name if request.resolver_match else ""
        is_list = (address or "").endswith("_changelist")
        return (
            queryset.defer("tags", "extra")
            if is_list
            else queryset.select_related("first_batch", "last_batch")
        )

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Show who the customer is to those who may see raw texts: the id is often an address."""
        return (*self.fields, "customer_external_id") if request.user.has_perm(VIEW_RAW) else self.fields

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        ticket = self.get_object(request, object_id)
        if ticket is not None:
            context["classification"] = _classification(ticket)
            context |= _texts(ticket, with_raw=request.user.has_perm(VIEW_RAW))
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description="Move to the category chosen beside", permissions=["move"])
    def move_selected(self, request: HttpRequest, queryset: models.QuerySet[Ticket]) -> None:
        """Move the selected tickets to a category by hand."""
        form = TicketActionForm(request.POST)
        form.fields["action"].required = False
        into = form.cleaned_data.get("into") if form.is_valid() else None
        if into is None:
            messages.error(request, "Choose the category to move to, beside the action.")
            return
        ids = list(queryset.values_list("pk", flat=True)[: MAX_MOVED_TICKETS + 1])
        done = f"Moved to “{into.name}”. The board takes it back."
        self.attempt(request, lambda: tickets_move(actor=actor_of(request), tickets=ids, into=into), done)

    def has_move_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("tickets.change_category"))

    @admin.action(description="Export cleaned words for training", permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: models.QuerySet[Ticket]) -> HttpResponse | None:
        """Answer with the customers' cleaned words as JSONL; refused where one is not cleaned yet."""
        ids = list(queryset.values_list("pk", flat=True)[: MAX_EXPORTED + 1])
        try:
            rows = training_texts(actor=actor_of(request), tickets=ids)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return None
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        response = HttpResponse(lines, content_type="application/jsonl; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="training-texts.jsonl"'
        return response

    @display(description="Category")
    def show_category(self, ticket: Ticket) -> str:
        found: Classification | None = getattr(ticket, "classification", None)
        return found.cluster.category.name if found and found.cluster else "–"

    @display(description="Subject", ordering="subject")
    def show_subject(self, ticket: Ticket) -> str:
        return ticket.subject[:80] or "–"

    @display(description="Status", ordering="status", label=STATUS_BADGES)
    def status_badge(self, ticket: Ticket) -> tuple[str, str]:
        return ticket.status, ticket.get_status_display()


def _classification(ticket: Ticket) -> Classification | None:
    """Return the ticket's three values with the words that decided."""
    related = Classification.objects.select_related("cluster__category")
    return related.filter(pk=ticket.pk).first()


def _texts(ticket: Ticket, *, with_raw: bool) -> dict[str, Any]:
    """Return the cleaned conversation, each message beside its raw text where it is kept and may be seen."""
    text = TicketText.objects.filter(pk=ticket.pk).first()
    raw = RawText.objects.filter(pk=ticket.pk).first() if with_raw else None
    before = marked_conversation(raw.conversation[:MAX_COMPARED], current_glossary()) if raw else []
    messages = [
        {
            "author": AUTHORS.get((cleaned or {}).get("author", ""), ""),
            "at": (cleaned or {}).get("at", "")[:16].replace("T", " "),
            "is_public": (cleaned or {}).get("is_public", True),
            "text": (cleaned or {}).get("text", ""),
            "raw": stretches or (),
        }
        for cleaned, stretches in zip_longest(text.conversation if text else [], before, fillvalue=None)
    ]
    return {"text": text, "raw": raw, "with_raw": with_raw, "conversation": messages}
