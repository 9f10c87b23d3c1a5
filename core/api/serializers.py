"""What every endpoint's documents share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    """Every refusal has this shape."""

    code = serializers.CharField(help_text="Stable; for programs.")
    message = serializers.CharField(help_text="Says what to do; for people.")
    extra = serializers.DictField()
