"""Cursor pagination with bounded pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import exceptions
from rest_framework.pagination import Cursor, CursorPagination
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
                raise _refused("cursor", "Send a cursor that this list gave out.") from error
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            return super().decode_cursor(request)
        except exceptions.NotFound as error:
            raise _refused("cursor", "Send a cursor that this list gave out.") from error

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if not asked:
            return self.page_size
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 10 and int(asked)):
            raise _refused(self.page_size_query_param, f"Send a number from 1 to {self.max_page_size}.")
        return min(int(asked), self.max_page_size)


def _refused(parameter: str, message: str) -> exceptions.ValidationError:
    return exceptions.ValidationError({parameter: [message]})
