"""Whether the process lives (/healthz), whether the system can work (/readyz), and its figures (/metrics)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from core.models import Heartbeat, Job

WORKER_SILENCE_SECONDS = 60


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database and the worker work, 503 with the reasons when they do not."""
    try:
        details = _details(timezone.now())
    except DatabaseError:
        connection.close()  # the next request gets a fresh connection
        details = {"database": "unavailable"}
    reasons = _reasons(details)
    answer = JsonResponse(
        {"status": "unavailable" if reasons else "ok", "reasons": reasons, **details},
        status=503 if reasons else 200,
    )
    if reasons:
        answer["Retry-After"] = "5"
    return answer


@extend_schema(exclude=True)
class MetricsView(APIView):
    """Prometheus figures, for a key with the scope `read`.

    Not opened by address: behind a reverse proxy every caller would seem to be local. In Prometheus set
    ``authorization: {type: Api-Key, credentials: <key>}``.
    """

    required_scopes = {"GET": "read"}

    def get(self, request: Request) -> HttpResponse:
        """Return the text format that Prometheus reads."""
        answer: HttpResponse = ExportToDjangoView(request)
        return answer


def _details(now: datetime) -> dict[str, Any]:
    beat = Heartbeat.objects.filter(name="worker").values_list("at", flat=True).first()
    oldest = (
        Job.objects.filter(state=Job.State.QUEUED, available_at__lte=now).order_by("available_at").first()
    )
    stopped = Job.objects.filter(state__in=[Job.State.FAILED, Job.State.QUARANTINED]).count()
    return {
        "database": "ok",
        "worker_silence_seconds": None if beat is None else round((now - beat).total_seconds()),
        "queue_age_seconds": 0 if oldest is None else round((now - oldest.available_at).total_seconds()),
        "stopped_jobs": stopped,
    }


def _reasons(details: dict[str, Any]) -> list[str]:
    if details["database"] != "ok":
        return ["The database does not answer."]
    silence = details["worker_silence_seconds"]
    if silence is None:
        return ["The worker has not shown itself yet."]
    if silence > WORKER_SILENCE_SECONDS:
        return [f"The worker has been silent for {silence} seconds."]
    return []
