"""Cursor pagination with bounded pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class BoundedCursorPagination(CursorPagination):
    """Newest first, at most 100 rows a page. The ordering is one unique, indexed column."""

    page_size = 25
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            column = self.get_ordering(request, queryset, view)[0].lstrip("-")
            try:
                queryset.model._meta.get_field(column).to_python(cursor.position)
            except ValidationError as error:  # a cursor that we never gave out
                raise NotFound(self.invalid_cursor_message) from error
        return super().paginate_queryset(queryset, request, view)
