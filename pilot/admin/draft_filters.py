"""Filters of the lists of drafts and reviews."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from pilot import workflow
from pilot.drafts.queue import standing, visible_reviews
from pilot.models import Draft, Review

MAX_WEEKS = 60


class WeekFilter(SimpleListFilter):
    """The week in which the customer wrote."""

    title = "week"
    parameter_name = "week"
    field = "week"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        weeks = Draft.objects.order_by("-week").values_list("week", flat=True).distinct()[:MAX_WEEKS]
        return [(week.isoformat(), f"from {week:%d %b %Y}") for week in weeks]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            week = date.fromisoformat(self.value() or "")
        except ValueError:
            return queryset
        return queryset.filter(**{self.field: week})


class ReviewWeekFilter(WeekFilter):
    """The same, of a review's draft."""

    field = "draft__week"


class FirstVerdictFilter(SimpleListFilter):
    """What somebody said of a draft, as far as this person may see it."""

    title = "verdict"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*Review.Verdict.choices, ("none", "Waits for a review")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "none":
            return queryset.filter(missing__gt=0)
        if self.value() not in Review.Verdict.values:
            return queryset
        said = visible_reviews(standing(), request.user.pk or 0).filter(verdict=self.value())
        return queryset.filter(Exists(said.filter(draft=OuterRef("pk"), role=workflow.FIRST)))


class SentFilter(SimpleListFilter):
    """Whether and how the customer got an answer."""

    title = "sent"
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("no", "Not sent"), *Draft.SentVia.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "no":
            return queryset.filter(sent_at=None)
        return queryset.filter(sent_via=self.value()) if self.value() in Draft.SentVia.values else queryset
