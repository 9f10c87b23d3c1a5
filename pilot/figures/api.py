"""GET /metrics: a pilot's figures for other systems. Thin: pilot.figures.answers counts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.serializers import ErrorSerializer
from pilot.figures.answers import metrics_answer, pilot_named
from pilot.figures.serializers import MetricsQuerySerializer, MetricsSerializer
from pilot.metrics import FORMULAS


def _share(part: int, n: int, low: float, high: float) -> dict[str, Any]:
    return {"value": part / n, "low": low, "high": high, "part": part, "n": n, "interval": "always_valid"}


EXAMPLE: dict[str, Any] = {
    "pilot": {
        "pilot_id": 3,
        "name": "E-mail first",
        "scope": "channel:email",
        "source": "live",
        "stage": "limited",
        "state": "running",
    },
    "week": None,
    "counts": {
        **{"interactions": 400, "resolved": 230, "confirmed": 60, "assumed": 130, "judged": 40},
        **{"withdrawn": 20, "corrected": 30, "escalated": 80, "abandoned": 10, "pending": 30},
        "not_sampled": 12,
    },
    "metrics": {
        "resolution_rate": {**_share(230, 370, 0.541, 0.697), "formula": FORMULAS["resolution_rate"]},
        "csat": {**_share(72, 90, 0.652, 0.903), "formula": FORMULAS["csat"]},
        "escalation_rate": {**_share(80, 400, 0.144, 0.268), "formula": FORMULAS["escalation_rate"]},
        "time_to_resolution": {
            **{"value": 14.0, "low": 11.0, "high": 18.5, "n": 190, "interval": "order_statistics"},
            "formula": FORMULAS["time_to_resolution"],
        },
        "corrections": {**_share(36, 200, 0.107, 0.278), "formula": FORMULAS["corrections"]},
    },
    "coverage": _share(248, 260, 0.901, 0.98),
    "inferred_score": {
        "mean": 3.7,
        "four_or_more": _share(190, 300, 0.548, 0.711),
        "coverage": _share(300, 400, 0.68, 0.811),
    },
    "evidence": "provisional",
    "gate": {
        "may_expand": False,
        "conditions": [
            {
                "name": "interactions",
                "holds": False,
                "why": "230 resolved interactions; from 300 on they are conclusive.",
            }
        ],
    },
}


def _refusal(description: str, *codes: tuple[str, str]) -> OpenApiResponse:
    examples = [
        OpenApiExample(code, {"code": code, "message": message, "extra": {}}) for code, message in codes
    ]
    return OpenApiResponse(ErrorSerializer, description, examples)


class MetricsView(APIView):
    """The four metrics of one pilot, with n, interval and formula, and what they allow."""

    required_scopes = {"GET": "read"}

    @extend_schema(
        operation_id="metrics_get",
        summary="Read a pilot's metrics",
        description=(
            "The four metrics, the corrections, and what they allow. Figures of the whole pilot and of the "
            "week that runs have intervals that hold at every look (`always_valid`), those of full weeks "
            "Wilson's. `evidence` is `not_enough` under 200 resolved conversations, `provisional` under 300, "
            "then `conclusive`; evidence and gate are always of the whole pilot. CSAT is never filled in; "
            "the inferred score is no CSAT. With `week`, `week.frozen` holds what was frozen for its review."
        ),
        tags=["pilot"],
        parameters=[
            OpenApiParameter(
                "scope",
                OpenApiTypes.STR,
                required=True,
                description="A pilot's id, `channel:<name>` or `category:<id>`.",
            ),
            OpenApiParameter(
                "week", OpenApiTypes.STR, description="A Monday (`2026-03-02`) or an ISO week (`2026-W10`)."
            ),
        ],
        responses={
            200: OpenApiResponse(MetricsSerializer, examples=[OpenApiExample("Whole pilot", EXAMPLE)]),
            400: _refusal(
                "The query cannot be meant.",
                ("invalid", "Some fields are not right; see extra.fields."),
                ("bad_scope", "Name a pilot by its id, as channel:<name> or as category:<id>."),
            ),
            401: ErrorSerializer,
            403: ErrorSerializer,
            404: _refusal(
                "No such pilot or week.",
                ("pilot_not_found", "No pilot on this scope has started."),
                ("week_not_found", "This pilot has no such week."),
            ),
            429: ErrorSerializer,
        },
    )
    def get(self, request: Request) -> Response:
        query = MetricsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        pilot = pilot_named(query.validated_data["scope"])
        return Response(metrics_answer(pilot, query.validated_data.get("week")))
