"""From a figure to the rows behind it: filters of the lists, and their addresses. Counts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from runtime.admin.pilot_filters import AboutFilter, ModeFilter, PilotFilter, ServedFilter
from runtime.measures.contracts import Scope
from runtime.models import Handoff, Turn
from runtime.verdicts.workflow import REASONS


class HandedOverFilter(admin.SimpleListFilter):
    """Conversations that a person took over at some time, or none did."""

    title = "handed over"
    parameter_name = "handed_over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        handed = Exists(Handoff.objects.filter(conversation=OuterRef("pk")))
        if self.value() == "yes":
            return queryset.filter(handed)
        return queryset.filter(~handed) if self.value() == "no" else queryset


class LinkedFilter(admin.SimpleListFilter):
    """A filter that links set and that shows itself only while it is set."""

    field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(str(self.parameter_name), "")[:100]
        return [(value, value)] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.narrowed(queryset, value) if value else queryset

    def narrowed(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Return the rows with this value."""
        return queryset.filter(**{self.field: value})


class SpokeOfFilter(LinkedFilter):
    """Conversations with a turn of an intent."""

    title, parameter_name = "intent of a turn", "spoke_of"

    def narrowed(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(Exists(Turn.objects.filter(conversation=OuterRef("pk"), intent=value)))


class TierFilter(LinkedFilter):
    """Conversations of a tier."""

    title, parameter_name, field = "tier", "of_tier", "tier"


class HandoffChannelFilter(LinkedFilter):
    """Handoffs of a channel."""

    title, parameter_name, field = "channel", "of_channel", "conversation__channel"


class HandoffTierFilter(LinkedFilter):
    """Handoffs of a tier."""

    title, parameter_name, field = "tier", "of_tier", "conversation__tier"


class HandoffIntentFilter(LinkedFilter):
    """Handoffs from a turn of an intent."""

    title, parameter_name, field = "intent", "of_intent", "turn__intent"


class KeptFilter(admin.SimpleListFilter):
    """Feedback on conversations that no person took over."""

    title = "handed over"
    parameter_name = "handed_over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        handed = Exists(Handoff.objects.filter(conversation=OuterRef("turn__conversation")))
        return queryset.filter(~handed) if self.value() == "no" else queryset


class FeedbackChannelFilter(LinkedFilter):
    """Feedback of a channel."""

    title, parameter_name, field = "channel", "of_channel", "turn__conversation__channel"


class FeedbackTierFilter(LinkedFilter):
    """Feedback of a tier."""

    title, parameter_name, field = "tier", "of_tier", "turn__conversation__tier"


class FeedbackIntentFilter(LinkedFilter):
    """Feedback on turns of an intent."""

    title, parameter_name, field = "intent", "of_intent", "turn__intent"


class SinceFilter(LinkedFilter):
    """Rows of the days from one on; what is no day leaves nothing out."""

    def narrowed(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return queryset
        start = timezone.make_aware(datetime.combine(day, time.min))
        return queryset.filter(**{self.field: start})


class TurnsSinceFilter(SinceFilter):
    """Feedback on turns from a day on."""

    title, parameter_name, field = "turns since", "turns_since", "turn__created_at__gte"


class SampledSinceFilter(SinceFilter):
    """Verdicts on samples that end after a day."""

    title, parameter_name = "samples that end after", "sampled_since"
    field = "sampled__stratum__draw__window_end__gt"


class StandsFilter(admin.SimpleListFilter):
    """Verdicts that stand, or were taken back."""

    title = "stands"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "Taken back")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(undone_at__isnull=value == "yes") if value in ("yes", "no") else queryset


class ReasonFilter(admin.SimpleListFilter):
    """Verdicts by the reason that was given."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list({name: label for reasons in REASONS.values() for name, label in reasons.items()}.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


VERDICT_FILTERS = (ReasonFilter, StandsFilter, SampledSinceFilter)
FEEDBACK_FILTERS = (
    KeptFilter,
    AboutFilter,
    FeedbackChannelFilter,
    FeedbackTierFilter,
    FeedbackIntentFilter,
    TurnsSinceFilter,
)
CONVERSATION_FILTERS = (
    ServedFilter,
    ModeFilter,
    PilotFilter,
    HandedOverFilter,
    SpokeOfFilter,
    TierFilter,
)
HANDOFF_FILTERS = (HandoffChannelFilter, HandoffTierFilter, HandoffIntentFilter)


@dataclass(frozen=True, slots=True)
class FigureLinks:
    """Addresses of the rows behind a figure."""

    conversations: str
    handed_over: str
    handoffs: str


def figure_links(scope: Scope, first: date, last: date, *, reason: str = "") -> FigureLinks:
    """Return where the conversations and handoffs of these days and this scope are listed."""
    spoken = {"spoke_of": scope.intent, "of_tier": scope.tier, "channel": scope.channel}
    passed = {"of_intent": scope.intent, "of_tier": scope.tier, "of_channel": scope.channel}
    conversations = {**_days("created_at", first, last), **spoken, "served": "yes"}
    return FigureLinks(
        conversations=_address("admin:runtime_conversation_changelist", conversations),
        handed_over=_address(
            "admin:runtime_conversation_changelist", {**conversations, "handed_over": "yes"}
        ),
        handoffs=_address(
            "admin:runtime_handoff_changelist",
            {**_days("requested_at", first, last), **passed, "reason__exact": reason},
        ),
    )


def waits_link(scope: Scope, first: date, last: date, **more: str) -> str:
    """Return where the handoffs behind a wait are listed; ``more`` are further lookups of a handoff."""
    accepted = {"accepted_at__isnull": "False"}
    narrowed = {"of_intent": scope.intent, "of_tier": scope.tier, "of_channel": scope.channel}
    days = _days("requested_at", first, last)
    return _address("admin:runtime_handoff_changelist", {**days, **narrowed, **accepted, **more})


def feedback_link(scope: Scope, first: date, **lookups: str) -> str:
    """Return where the feedback on conversations that no person took over is listed."""
    narrowed = {"of_intent": scope.intent, "of_tier": scope.tier, "of_channel": scope.channel}
    days = {"turns_since": first.isoformat(), "handed_over": "no", "about": "agent"}
    return _address("admin:runtime_feedback_changelist", {**days, **narrowed, **lookups})


def verdicts_link(answer: str, first: date) -> str:
    """Return where the first verdicts that count are listed."""
    counted = {"role__exact": "first", "stands": "yes", "sampled_since": first.isoformat()}
    return _address("admin:runtime_verdict_changelist", {"answer__exact": answer, **counted})


def _days(field: str, first: date, last: date) -> dict[str, str]:
    """Return the parameters of Unfold's range filter."""
    return {
        f"{field}_from_0": first.isoformat(),
        f"{field}_from_1": "00:00:00",
        f"{field}_to_0": last.isoformat(),
        f"{field}_to_1": "23:59:59",
    }


def _address(name: str, parameters: dict[str, str]) -> str:
    return f"{reverse(name)}?{urlencode({key: value for key, value in parameters.items() if value})}"
