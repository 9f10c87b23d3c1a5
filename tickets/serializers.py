"""Shapes of the tickets' endpoints."""

from __future__ import annotations

from rest_framework import serializers

from tickets.models import Category


class CategorySerializer(serializers.ModelSerializer):
    """One category of the audit, as a bot may know it."""

    class Meta:
        model = Category
        fields = (
            "id",
            "name",
            "description",
            "is_core",
            "label",
            "needs_judgement",
            "policy_exception",
            "multi_system",
        )
        read_only_fields = fields
