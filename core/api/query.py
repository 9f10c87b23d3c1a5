"""Guard against query strings that no database takes."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from core.api.exceptions import body

MAX_QUERY_BYTES = 8_000


class QueryStringGuard:
    """Refuse NUL, lone surrogates and very long query strings before any view reads them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        raw = request.META.get("QUERY_STRING", "")
        decoded = "".join(part for pair in request.GET.lists() for part in (pair[0], *pair[1]))
        if len(raw) > MAX_QUERY_BYTES or "\x00" in decoded or "\x00" in request.path:
            return JsonResponse(
                body("bad_query", "The address holds characters that cannot be searched."), status=400
            )
        return self._get_response(request)
