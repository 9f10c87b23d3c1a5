"""The tickets' endpoint: which categories there are, and who resolves them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.error_schema import error_responses
from core.api.pagination import BoundedCursorPagination
from tickets.models import Category
from tickets.serializers import CategorySerializer


class CategoryPagination(BoundedCursorPagination):
    """Categories in the order in which they were made."""

    ordering = "id"


class CategoryListView(ListAPIView[Any]):
    """List the categories of the audit."""

    required_scopes = {"GET": "read"}
    serializer_class = CategorySerializer
    pagination_class = CategoryPagination
    filterset_fields = ("label", "is_core")

    def get_queryset(self) -> QuerySet[Any]:
        return Category.objects.in_use()

    @extend_schema(
        summary="List ticket categories",
        description="The categories of the audit that are in use, with the labels that people decided.",
        tags=["audit"],
        responses={200: CategorySerializer(many=True), **error_responses()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of categories, oldest first."""
        return super().get(request, *args, **kwargs)
