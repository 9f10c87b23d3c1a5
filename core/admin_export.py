"""A list of the admin as CSV, as it is filtered: a button on the list and the file behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant

from core.spreadsheet import csv_text

MAX_EXPORTED = 50_000


class CsvExportMixin(ModelAdmin):
    """Adds *Export as CSV*; no cell of it is a formula.

    ``csv_name`` names the file and, with spaces, its rows; ``csv_header`` its columns, ``csv_row`` a line.
    The address is named ``<app>_<model>_export``.
    """

    csv_name: str
    csv_header: Sequence[str]

    def csv_row(self, request: HttpRequest, row: Any) -> Sequence[object]:
        """Return the cells of one row, as this person may see them."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.export_view))
        return [path("export/", view, name=f"{self._names}_export"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        query = request.GET.urlencode()
        address = reverse(f"admin:{self._names}_export") + (f"?{query}" if query else "")
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data["actions_list"] = [
                *response.context_data.get("actions_list", []),
                {
                    "title": "Export as CSV",
                    "path": address,
                    "variant": ActionVariant.DEFAULT,
                    "attrs": {},
                    "icon": None,
                    "dialog": None,
                },
            ]
        return response

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the rows that the list shows under the same filters, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows: models.QuerySet[Any] = self.get_changelist_instance(request).get_queryset(request)
        found = list(rows[: MAX_EXPORTED + 1])
        if len(found) > MAX_EXPORTED:
            what = self.csv_name.replace("-", " ")
            messages.error(request, f"Export at most {MAX_EXPORTED:,} {what} at a time; filter by date.")
            return HttpResponseRedirect(reverse(f"admin:{self._names}_changelist"))
        text = csv_text(self.csv_header, (self.csv_row(request, row) for row in found))
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.csv_name}.csv"'
        return response

    @property
    def _names(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"
