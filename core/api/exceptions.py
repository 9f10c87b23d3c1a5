"""One shape for every error: {"code", "message", "extra"}."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import DomainError

BUSY_RETRY_SECONDS = 5
API_PREFIX = "/api/"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn refusals into responses; anything else is a bug and passes through as 500."""
    if isinstance(error, DomainError):
        headers = {"Retry-After": str(BUSY_RETRY_SECONDS)} if error.http_status == 503 else None
        return Response(
            body(error.code, error.message, error.extra), status=error.http_status, headers=headers
        )
    if isinstance(error, OperationalError):
        return Response(
            body("database_unavailable", "The database cannot answer now. Try again in a few seconds."),
            status=503,
            headers={"Retry-After": str(BUSY_RETRY_SECONDS)},
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = _api_error_body(error)
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address that does not exist: programs get the same shape as for every error."""
    if request.path.startswith(API_PREFIX):
        return JsonResponse(body("not_found", "There is no such address."), status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a bug, without saying which."""
    if request.path.startswith(API_PREFIX):
        return JsonResponse(body("error", "Something broke here. It has been logged."), status=500)
    return defaults.server_error(request)


def body(code: str, message: str, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the error body."""
    return {"code": code, "message": message, "extra": extra or {}}


def _api_error_body(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return body("invalid", "Some fields are not right; see extra.fields.", {"fields": error.detail})
    if isinstance(error, exceptions.Throttled):
        return body(
            "throttled",
            "Too many requests. Wait before the next one.",
            {"wait_seconds": getattr(error, "wait", None)},
        )
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        return body(codes if isinstance(codes, str) else error.default_code, str(error.detail))
    if isinstance(error, Http404):
        return body("not_found", "There is no such thing here.")
    if isinstance(error, PermissionDenied):
        return body("not_allowed", "You may not do this.")
    return body("error", str(error))
