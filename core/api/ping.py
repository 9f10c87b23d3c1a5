"""A call that does nothing but authenticate: lets a bot check its key, and shows the framework's floor."""

from __future__ import annotations

from typing import cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import ApiClient
from core.api.error_schema import error_responses


class PingSerializer(serializers.Serializer):
    """Who the caller is."""

    key = serializers.CharField(help_text="The name of the API key.")
    scopes = serializers.ListField(child=serializers.CharField())


class PingView(APIView):
    """Check an API key."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="Check an API key",
        tags=["system"],
        responses={200: PingSerializer, **error_responses()},
        examples=[
            OpenApiExample(
                "ok", {"key": "Website bot", "scopes": ["feedback", "runtime"]}, status_codes=["200"]
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Say which key this is and what it may do."""
        key = cast(ApiClient, request.user).key
        return Response({"key": key.name, "scopes": key.scopes})
