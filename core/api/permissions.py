"""What a key may do: each view names its scopes by method; a view that names none is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # DRF builds APIView out of the classes that are named in its settings
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Allow a key that has the scope in the view's ``required_scopes`` (method → scope)."""

    code = "missing_scope"
    message = "This API key lacks the scope that this endpoint needs."

    def has_permission(self, request: Request, view: APIView) -> bool:
        required = getattr(view, "required_scopes", {}).get(request.method)
        has_scope = getattr(request.user, "has_scope", None)
        return bool(required and has_scope and has_scope(required))
