"""Requests per minute and key, as the key's row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from core.api.authentication import ApiClient

if TYPE_CHECKING:  # DRF builds APIView out of the classes that are named in its settings
    from rest_framework.views import APIView

MINUTE_SECONDS = 60


class ApiKeyThrottle(SimpleRateThrottle):
    """Fixed one-minute windows, counted in the cache: one atomic increment a request.

    With the local-memory cache each web process counts for itself; set CACHE_URL to share one count.
    """

    rate = None
    scope = "api_key"

    def __init__(self) -> None:
        self._wait_seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        client = request.user
        if not isinstance(client, ApiClient):
            return True  # unauthenticated requests are refused before any work is done
        now = self.timer()
        window = int(now // MINUTE_SECONDS)
        cache_key = f"throttle:{client.pk}:{window}"
        self.cache.add(cache_key, 0, timeout=2 * MINUTE_SECONDS)
        count = self.cache.incr(cache_key)
        self._wait_seconds = MINUTE_SECONDS - now % MINUTE_SECONDS
        return bool(count <= client.key.requests_per_minute)

    def wait(self) -> float:
        return self._wait_seconds
