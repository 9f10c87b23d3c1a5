"""What people asked again although the packet held it: the page of rates, and the list of cases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from runtime.models import RepeatField
from runtime.repeats.detection import REPLIES_CHECKED
from runtime.repeats.fields import LABELS
from runtime.repeats.selectors import (
    FEWEST_TO_REORDER,
    ORDER_DAYS,
    field_rates,
    handoff_repeats,
    packet_field_order,
    people_range,
)

VIEW = "runtime.view_repeatfield"
ENOUGH = 30


class RepeatsMixin(ModelAdmin):
    """Add the page of repeated questions."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.repeats_view))
        return [path("asked-again/", view, name="runtime_repeats"), *super().get_urls()]

    def repeats_view(self, request: HttpRequest) -> HttpResponse:
        """Show in how many handoffs something was asked again, and what."""
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        since = timezone.now() - timedelta(days=ORDER_DAYS)
        cases = reverse("admin:runtime_repeatfield_changelist")
        total = handoff_repeats(since)
        context = {
            **self.admin_site.each_context(request),
            "title": "Asked again",
            "measures_page": "repeats",
            "days": ORDER_DAYS,
            "replies": REPLIES_CHECKED,
            "total": total,
            "is_enough": total.whole >= ENOUGH,
            "enough": ENOUGH,
            "cases_url": cases,
            "rates": [
                {"rate": rate, "url": f"{cases}?field__exact={rate.name}"} for rate in field_rates(since)
            ],
            "people": people_range(since),
            "order": [LABELS[name] for name in packet_field_order()],
            "fewest": FEWEST_TO_REORDER,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/runtime/repeats.html", context)


@admin.register(RepeatField)
class RepeatFieldAdmin(NextStepMixin, ReadOnlyAdmin):
    """The cases: what was asked, and what the packet had held. Who asked is not shown."""

    list_display = ("field", "sentence", "value", "show_handoff", "checked")
    list_filter = ("field", ("check_row__checked_at", RangeDateTimeFilter))
    list_select_related = ("check_row",)
    search_fields = ("sentence",)
    fields = ("field", "sentence", "value", "show_handoff", "checked")
    readonly_fields = ("show_handoff", "checked")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).filter(asked=True).select_related("check_row")

    def next_step(self, request: HttpRequest) -> str:
        return (
            "Nothing was asked again. Finished handoffs in which a person wrote are read every ten minutes."
        )

    @admin.display(description="Handoff")
    def show_handoff(self, row: RepeatField) -> str:
        """Link to the handoff with its packet."""
        handoff = row.check_row.handoff_id
        address = reverse("admin:runtime_handoff_change", args=(handoff,))
        return format_html('<a class="underline" href="{}">Handoff {}</a>', address, handoff)

    @admin.display(description="Read at", ordering="check_row__checked_at")
    def checked(self, row: RepeatField) -> Any:
        """Show when the handoff was read."""
        return row.check_row.checked_at
