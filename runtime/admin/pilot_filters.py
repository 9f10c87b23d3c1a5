"""Filters of lists by what the agent was to a conversation: served, drafted, left alone; and by pilot."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from runtime.models import Conversation, Feedback, Turn
from runtime.ports import pilot_names
from runtime.querysets import NOT_IN_PILOT

MAX_PILOTS = 50  # the newest, in a list's filter


class ServedFilter(admin.SimpleListFilter):
    """Conversations that the agent served, that it only drafted for, or that were replayed from tickets."""

    title = "served by the agent"
    parameter_name = "served"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("yes", "Yes"),
            ("no", "No: drafted only, or left to people"),
            ("replayed", "Replayed ticket"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        served = Conversation.objects.served().filter(pk=OuterRef("pk"))
        value = self.value()
        if value == "yes":
            return queryset.filter(Exists(served))
        if value == "no":
            return queryset.filter(~Exists(served), ticket=None)
        return queryset.filter(ticket__isnull=False) if value == "replayed" else queryset


class ModeFilter(admin.SimpleListFilter):
    """Conversations with a turn of a mode, or with one that no pilot covered."""

    title = "mode of a turn"
    parameter_name = "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((str(one), str(label)) for one, label in Turn.Mode.choices), (NOT_IN_PILOT, "Not in pilot")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        turns = Turn.objects.filter(conversation=OuterRef("pk"))
        value = self.value()
        if value == NOT_IN_PILOT:
            return queryset.filter(Exists(turns.filter(decision=NOT_IN_PILOT)))
        if value in Turn.Mode.values:
            return queryset.filter(Exists(turns.filter(mode=value).exclude(decision=NOT_IN_PILOT)))
        return queryset


class PilotFilter(admin.SimpleListFilter):
    """Rows of one pilot, by its number; pilots are of the app above, so they are known by what they took."""

    title = "pilot"
    parameter_name = "pilot"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        taken = Conversation.objects.filter(pilot_id__isnull=False).order_by("-pilot_id")
        found = taken.values_list("pilot_id", flat=True).distinct()[:MAX_PILOTS]
        pilots = [pk for pk in found if pk is not None]
        names = pilot_names(pilots)
        shown = [(str(pk), names.get(pk, f"Pilot {pk}")) for pk in pilots]
        return [*shown, ("none", "None")] if shown else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value == "none":
            return queryset.filter(pilot_id=None)
        if value.isascii() and value.isdigit() and len(value) < 19:
            return queryset.filter(pilot_id=int(value))
        return queryset


class AboutFilter(admin.SimpleListFilter):
    """Feedback on the agent's own words, or on what people wrote while it only drafted."""

    title = "about"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("agent", "The agent’s words"), ("people", "Shadow mode: people’s words")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        own = Feedback.objects.on_served().filter(pk=OuterRef("pk"))
        if self.value() == "agent":
            return queryset.filter(Exists(own))
        return queryset.filter(~Exists(own)) if self.value() == "people" else queryset
