"""What the metrics endpoint takes and gives."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from pilot.meter import Evidence
from pilot.models import Pilot

INTERVALS = ("wilson", "always_valid", "order_statistics")


class WeekField(serializers.Field[date, str, str, Any]):
    """A week: its Monday (2026-03-02) or its ISO name (2026-W10)."""

    default_error_messages = {"week": "Name a week by its Monday (2026-03-02) or as 2026-W10."}

    def to_internal_value(self, data: str) -> date:
        text = str(data)
        try:
            if "W" in text:
                year, _, week = text.partition("-W")
                return date.fromisocalendar(int(year), int(week), 1)
            day = date.fromisoformat(text)
        except ValueError:
            self.fail("week")
        if day.weekday():
            self.fail("week")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class MetricsQuerySerializer(serializers.Serializer[Any]):
    scope = serializers.CharField(max_length=80)
    week = WeekField(required=False)


class ShareSerializer(serializers.Serializer[Any]):
    """A rate, 0 to 1; all null where n is 0."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Lower end of the 95 % interval.")
    high = serializers.FloatField(allow_null=True)
    part = serializers.IntegerField()
    n = serializers.IntegerField()
    interval = serializers.ChoiceField(choices=INTERVALS, help_text="How low and high were computed.")


class RateMetricSerializer(ShareSerializer):
    """A rate with the formula by which it is counted."""

    formula = serializers.CharField()


class MedianMetricSerializer(serializers.Serializer[Any]):
    """A median in minutes; low and high are null under six values."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    interval = serializers.ChoiceField(choices=INTERVALS)
    formula = serializers.CharField()


class FourMetricsSerializer(serializers.Serializer[Any]):
    """The four metrics and the corrections per reviewed conversation."""

    resolution_rate = RateMetricSerializer()
    csat = RateMetricSerializer()
    escalation_rate = RateMetricSerializer()
    time_to_resolution = MedianMetricSerializer()
    corrections = RateMetricSerializer()


class CountsSerializer(serializers.Serializer[Any]):
    """Conversations by what they count as; interactions are all that were sampled."""

    interactions = serializers.IntegerField()
    resolved = serializers.IntegerField(help_text="confirmed + assumed + judged")
    confirmed = serializers.IntegerField()
    assumed = serializers.IntegerField()
    judged = serializers.IntegerField()
    withdrawn = serializers.IntegerField()
    corrected = serializers.IntegerField()
    escalated = serializers.IntegerField()
    abandoned = serializers.IntegerField()
    pending = serializers.IntegerField()
    not_sampled = serializers.IntegerField()


class InferredSerializer(serializers.Serializer[Any]):
    """A score made of what was seen, apart from CSAT; nothing decides by it."""

    mean = serializers.FloatField(allow_null=True, help_text="1 to 5")
    four_or_more = ShareSerializer()
    coverage = ShareSerializer()


class ConditionSerializer(serializers.Serializer[Any]):
    """One condition of the gate."""

    name = serializers.CharField()
    holds = serializers.BooleanField()
    why = serializers.CharField()


class GateSerializer(serializers.Serializer[Any]):
    """Whether the figures of the whole pilot allow a person to sign the next stage."""

    may_expand = serializers.BooleanField()
    conditions = ConditionSerializer(many=True)


class MetricsScopeSerializer(serializers.Serializer[Any]):
    """Which pilot the figures are of."""

    pilot_id = serializers.IntegerField()
    name = serializers.CharField()
    scope = serializers.CharField(help_text="channel:<name> or category:<id>")
    source = serializers.ChoiceField(choices=Pilot.Source.choices)  # type: ignore[assignment]  # a name of DRF's
    stage = serializers.ChoiceField(choices=Pilot.Stage.choices)
    state = serializers.ChoiceField(choices=Pilot.State.choices)


class WeekSerializer(serializers.Serializer[Any]):
    """The week that was asked for; ``frozen`` are its figures as they were on the Monday after."""

    monday = serializers.DateField()
    is_partial = serializers.BooleanField()
    review = serializers.CharField(allow_null=True, help_text="Signed, to be signed, or missed; in words.")
    frozen = serializers.DictField(allow_null=True, help_text="counts, metrics, coverage, inferred_score")


class MetricsSerializer(serializers.Serializer[Any]):
    """Figures of one pilot, in all or of one week."""

    pilot = MetricsScopeSerializer()
    week = WeekSerializer(allow_null=True)
    counts = CountsSerializer()
    metrics = FourMetricsSerializer()
    coverage = ShareSerializer(help_text="Drafts reviewed of those that were to be.")
    inferred_score = InferredSerializer()
    evidence = serializers.ChoiceField(choices=[one.value for one in Evidence])
    gate = GateSerializer()
