"""What a key may do: each view names its scopes by method; a view that names none is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # DRF builds APIView out of the classes that are named in its settings
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Allow a key that has a scope named in the view's ``required_scopes`` (method → one or several)."""

    code = "missing_scope"
    message = "This API key lacks the scope that this endpoint needs."

    def has_permission(self, request: Request, view: APIView) -> bool:
        required = getattr(view, "required_scopes", {}).get(request.method)
        has_scope = getattr(request.user, "has_scope", None)
        if not required or has_scope is None:
            return False
        return any(map(has_scope, (required,) if isinstance(required, str) else required))
