"""Shapes of the intents' endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from intents.models import Intent

MAX_TEXT_LENGTH = 20_000


class ClassifyRequest(serializers.Serializer[Any]):
    """A customer's message."""

    text = serializers.CharField(
        max_length=MAX_TEXT_LENGTH, help_text="The customer's message as it came in."
    )
    explain = serializers.BooleanField(
        default=False, help_text="Also return the terms that speak most for the intent."
    )


class ClassifyAlternative(serializers.Serializer[Any]):
    """The next most probable intents."""

    intent = serializers.CharField()
    confidence = serializers.FloatField()


class ClassifyNearestExample(serializers.Serializer[Any]):
    """A training example close to the text."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    similarity = serializers.FloatField()


class ClassifySegment(serializers.Serializer[Any]):
    """A part of the message that has an intent of its own."""

    text = serializers.CharField()
    intent = serializers.CharField()
    confidence = serializers.FloatField()


class ClassifyTerm(serializers.Serializer[Any]):
    """A part of the text and how far it speaks for the intent."""

    term = serializers.CharField()
    weight = serializers.FloatField()


class ClassifyResponse(serializers.Serializer[Any]):
    """What the live release says."""

    intent = serializers.CharField(
        help_text="Always the most probable intent, even where is_fallback is true."
    )
    confidence = serializers.FloatField(
        help_text="Calibrated probability that `intent` is right, 0 to 1. It means the same in every release."
    )
    is_fallback = serializers.BooleanField(
        help_text="True: do not act on `intent`; ask back or hand over. The text is unlike the examples, or "
        "confidence is under `threshold`."
    )
    threshold = serializers.FloatField(help_text="The confidence under which this release falls back.")
    margin = serializers.FloatField(help_text="Confidence of the first intent less that of the second.")
    alternatives = ClassifyAlternative(many=True, help_text="Up to 3, best first.")
    nearest_examples = ClassifyNearestExample(many=True, help_text="The 3 nearest training examples.")
    release = serializers.IntegerField(help_text="Number of the release that answered.")
    model_version = serializers.IntegerField(help_text="Number of the model version of that release.")
    segments = ClassifySegment(
        many=True,
        help_text="The parts of a message with two or more different intents, in order; otherwise empty.",
    )
    terms = ClassifyTerm(many=True, required=False, help_text="With `explain` only: up to 5 terms.")


class IntentSerializer(serializers.ModelSerializer[Intent]):
    """One intent."""

    real_examples = serializers.IntegerField(read_only=True, help_text="Active phrasings of real customers.")
    synthetic_examples = serializers.IntegerField(read_only=True)

    class Meta:
        model = Intent
        fields = (
            "slug",
            "label",
            "description",
            "resolution",
            "resolution_reason",
            "state",
            "real_examples",
            "synthetic_examples",
            "updated_at",
        )
        read_only_fields = fields
