"""Closed tickets in the admin: find one, read its cleaned conversation, and compare it with what came in."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from tickets.models import RawText, Ticket, TicketText

VIEW_RAW = "tickets.view_rawtext"
STATUS_BADGES = {"solved": "success", "closed": "success", "deleted": "danger"}
AUTHORS = {"customer": "Customer", "agent": "Agent", "system": "System"}


@admin.register(Ticket)
class TicketAdmin(NextStepMixin, ReadOnlyAdmin):
    """Closed tickets."""

    change_form_template = "admin/tickets/ticket.html"
    list_display = (
        "external_id",
        "show_subject",
        "source",
        "status_badge",
        "in_window",
        "kind",
        "channel",
        "csat",
        "closed_at",
    )
    list_filter = ("source", "in_window", "status", "escalated", ("closed_at", RangeDateTimeFilter))
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
            context |= _texts(ticket, with_raw=request.user.has_perm(VIEW_RAW))
        return super().change_view(request, object_id, form_url, context)

    @display(description="Subject", ordering="subject")
    def show_subject(self, ticket: Ticket) -> str:
        return ticket.subject[:80] or "–"

    @display(description="Status", ordering="status", label=STATUS_BADGES)
    def status_badge(self, ticket: Ticket) -> tuple[str, str]:
        return ticket.status, ticket.get_status_display()


def _texts(ticket: Ticket, *, with_raw: bool) -> dict[str, Any]:
    """Return the cleaned conversation, each message beside its raw text where it is kept and may be seen."""
    text = TicketText.objects.filter(pk=ticket.pk).first()
    raw = RawText.objects.filter(pk=ticket.pk).first() if with_raw else None
    messages = [
        {
            "author": AUTHORS.get((cleaned or {}).get("author", ""), ""),
            "at": (cleaned or {}).get("at", "")[:16].replace("T", " "),
            "is_public": (cleaned or {}).get("is_public", True),
            "text": (cleaned or {}).get("text", ""),
            "raw": (before or {}).get("text", ""),
        }
        for cleaned, before in zip_longest(
            text.conversation if text else [], raw.conversation if raw else [], fillvalue=None
        )
    ]
    return {"text": text, "raw": raw, "with_raw": with_raw, "conversation": messages}
