"""The intents' endpoints: classify a message, list the intents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.error_schema import error_responses
from core.api.pagination import BoundedCursorPagination
from intents import inference
from intents.models import Intent
from intents.serializers import ClassifyRequest, ClassifyResponse, IntentSerializer

NO_RELEASE_EXAMPLE = OpenApiExample(
    "no_release",
    {"code": "no_release", "message": inference.NO_RELEASE_MESSAGE, "extra": {}},
    status_codes=["503"],
    response_only=True,
)
CLASSIFY_EXAMPLE = OpenApiExample(
    "classified",
    {
        "intent": "account_access",
        "confidence": 0.94,
        "is_fallback": False,
        "threshold": 0.41,
        "margin": 0.91,
        "alternatives": [{"intent": "bug_report", "confidence": 0.03}],
        "nearest_examples": [{"id": 17, "text": "my password reset link has expired", "similarity": 0.71}],
        "release": 3,
        "model_version": 4,
        "segments": [],
    },
    status_codes=["200"],
    response_only=True,
)


class ClassifyView(APIView):
    """Classify one message with the live release."""

    required_scopes = {"POST": "runtime"}

    @extend_schema(
        summary="Classify a message",
        description=(
            "Says which intent a message has. Look at `is_fallback` before acting: when it is true, the top "
            "intent is a guess. A message with two wishes has one segment for each. Nothing is stored."
        ),
        tags=["intents"],
        request=ClassifyRequest,
        responses={
            200: ClassifyResponse,
            **error_responses(413, 503, examples=[NO_RELEASE_EXAMPLE]),
        },
        examples=[
            OpenApiExample("message", {"text": "I can't get in since this morning"}, request_only=True),
            CLASSIFY_EXAMPLE,
        ],
    )
    def post(self, request: Request) -> Response:
        """Answer with the intent and how sure the model is."""
        body = ClassifyRequest(data=request.data)
        body.is_valid(raise_exception=True)
        text: str = body.validated_data["text"]
        if not body.validated_data["explain"]:
            return Response(asdict(inference.classify(text)))
        classification, explanation = inference.classify_and_explain(text)
        return Response({**asdict(classification), "terms": [asdict(term) for term in explanation.terms]})


class IntentPagination(BoundedCursorPagination):
    """Intents in the order in which they were made."""

    ordering = "id"


class IntentListView(ListAPIView[Any]):
    """List the intents."""

    required_scopes = {"GET": "read"}
    serializer_class = IntentSerializer
    pagination_class = IntentPagination
    filterset_fields = ("state", "resolution")

    def get_queryset(self) -> QuerySet[Any]:
        return Intent.objects.with_example_counts()

    @extend_schema(
        summary="List intents",
        tags=["intents"],
        responses={200: IntentSerializer(many=True), **error_responses()},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of intents, oldest first."""
        return super().get(request, *args, **kwargs)
