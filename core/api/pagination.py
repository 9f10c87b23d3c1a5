"""Cursor pagination with bounded pages."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class BoundedCursorPagination(CursorPagination):
    """Newest first, at most 100 rows a page."""

    page_size = 25
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = "-id"
