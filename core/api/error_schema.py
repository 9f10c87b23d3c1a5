"""The error body in the OpenAPI document: one component, and the responses that every endpoint may give."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

MEANINGS = {
    400: "The request cannot be meant: see `message` and `extra.fields`.",
    401: "No key, or an unknown, expired or revoked one.",
    403: "The key lacks the scope that this endpoint needs.",
    404: "There is no such thing, or this key may not know of it.",
    409: "The state of things does not allow it.",
    413: "The body is too large.",
    429: "Too many requests; see `Retry-After`.",
    503: "A part that is needed cannot answer now; see `Retry-After`.",
}
ALWAYS = (400, 401, 403, 429)


class ApiErrorSerializer(serializers.Serializer[Any]):
    """Every error has this shape."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people: what is wrong and what to do.")
    extra = serializers.DictField(help_text="Details, such as the fields that are wrong.")


def error_responses(*also: int, examples: list[OpenApiExample] | None = None) -> dict[int, OpenApiResponse]:
    """Return the error responses of an endpoint for ``extend_schema(responses=…)``."""
    return {
        status: OpenApiResponse(
            ApiErrorSerializer,
            description=MEANINGS[status],
            examples=[e for e in examples or [] if str(status) in (e.status_codes or [])],
        )
        for status in sorted({*ALWAYS, *also})
    }
