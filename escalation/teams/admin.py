"""Admin pages of teams and routes: a team's week on one page, the routing table as a list in its order."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from escalation.teams.forms import DAY_FIELDS, RouteForm, TeamForm
from escalation.teams.hours import is_open, time_zones
from escalation.teams.hours_text import exceptions_write, spans_write, status_line
from escalation.teams.models import HandoffRoute, Team
from escalation.teams.selectors import schedule_of
from escalation.teams.services import route_delete, route_save, team_save
from escalation.triggers import TRIGGERS

OPEN_BADGES = {"open": "success", "closed": "warning", "inactive": "info"}


@admin.register(Team)
class TeamAdmin(NextStepMixin, BaseAdmin):
    """Who takes conversations over, and when they are there."""

    form = TeamForm
    log_saves = False  # the service writes the log
    list_display = ("name", "show_status", "show_members", "is_default", "time_zone")
    list_filter = ("active",)
    search_fields = ("name",)
    change_form_after_template = "admin/escalation/time_zones.html"

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return "There is no team yet; a support lead adds one."
        return (
            "Add a team with its members and hours, and make it the default. Without one every handoff waits "
            "in one queue, and customers are told nothing about opening hours."
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self._may_edit(request, obj):
            return [
                (None, {"fields": ("name", "status_now", "show_who", "show_week", "is_default", "active")})
            ]
        status = ("status_now",) if obj is not None else ()
        hours = (
            "Write 09:00–12:30, 13:30–17:00; an empty day is closed. Hours past midnight belong to the next "
        )
        return [
            (None, {"fields": ("name", *status, "members", ("is_default", "active"))}),
            (
                "Opening hours",
                {"fields": ("time_zone", *DAY_FIELDS), "description": f"{hours}day, from 00:00."},
            ),
            (None, {"fields": ("exceptions",)}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if self._may_edit(request, obj):
            return ("status_now",)
        return ("name", "status_now", "show_who", "show_week", "is_default", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        rows: QuerySet[Team] = super().get_queryset(request)
        there = Count("members", filter=Q(members__is_active=True))
        return rows.prefetch_related("hours", "exceptions").annotate(member_count=there)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # handoffs name it: an inactive team gets nothing new

    def save_model(self, request: HttpRequest, obj: Team, form: TeamForm, change: bool) -> None:
        team_save(
            actor=actor_of(request),
            team=obj,
            members=form.cleaned_data["members"],
            weekly=form.weekly,
            exceptions=form.cleaned_data["exceptions"],
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write nothing more: the service has written members and hours too."""

    @display(description="Now", label=OPEN_BADGES)
    def show_status(self, team: Team) -> tuple[str, str]:
        """Say whether the team is there now, and when that changes."""
        if not team.active:
            return "inactive", "Inactive: gets nothing new"
        schedule = schedule_of(team)
        now = timezone.now()
        if is_open(schedule, now) and not team.member_count:  # type: ignore[attr-defined]  # annotated
            return "closed", "Counts as closed: no member"
        return ("open" if is_open(schedule, now) else "closed"), status_line(schedule, now)

    @admin.display(description="Now")
    def status_now(self, team: Team) -> str:
        """Say the same on the team's own page."""
        return self.show_status(team)[1]

    @admin.display(description="Members", ordering="member_count")
    def show_members(self, team: Team) -> str:
        """Return how many can take a conversation."""
        return f"{team.member_count:,}"  # type: ignore[attr-defined]  # annotated

    @admin.display(description="Members")
    def show_who(self, team: Team) -> str:
        """Name the members."""
        return ", ".join(team.members.order_by("username").values_list("username", flat=True)) or "nobody"

    @admin.display(description="Opening hours")
    def show_week(self, team: Team) -> str:
        """Show the week as a table."""
        schedule = schedule_of(team)
        labels = {row.day: row.label for row in team.exceptions.all()}
        week = [
            (name.capitalize(), spans_write(schedule.weekly.get(day, ())) or "closed")
            for day, name in enumerate(DAY_FIELDS)
        ]
        special = {day: (spans, labels[day]) for day, spans in schedule.exceptions.items()}
        context = {"time_zone": team.time_zone, "week": week, "special": exceptions_write(special)}
        return render_to_string("admin/escalation/week.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context["time_zones"] = sorted(time_zones())
        return super().render_change_form(request, context, *args, **kwargs)

    def _may_edit(self, request: HttpRequest, obj: Team | None) -> bool:
        return self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)


@admin.register(HandoffRoute)
class HandoffRouteAdmin(NextStepMixin, BaseAdmin):
    """Which team gets which handoff."""

    form = RouteForm
    log_saves = False  # the services write the log
    list_display = ("position", "show_reason", "show_intent", "show_tier", "show_locale", "team")
    list_display_links = ("position", "show_reason")
    list_filter = ("team",)
    list_select_related = ("team",)

    def next_step(self, request: HttpRequest) -> str:
        return "Every handoff goes to the default team. Add a route to send some of them elsewhere."

    def save_model(self, request: HttpRequest, obj: HandoffRoute, form: Any, change: bool) -> None:
        route_save(actor=actor_of(request), route=obj)

    def delete_model(self, request: HttpRequest, obj: HandoffRoute) -> None:
        route_delete(actor=actor_of(request), route=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[HandoffRoute]) -> None:
        for route in queryset.select_related("team"):
            route_delete(actor=actor_of(request), route=route)

    @admin.display(description="Reason", ordering="reason")
    def show_reason(self, route: HandoffRoute) -> str:
        """Name the reason, or say that it is any."""
        trigger = TRIGGERS.get(route.reason)
        return trigger.label if trigger else route.reason or "Any reason"

    @admin.display(description="Intent", ordering="intent")
    def show_intent(self, route: HandoffRoute) -> str:
        """Name the intent, or say that it is any."""
        return route.intent or "Any"

    @admin.display(description="Tier", ordering="tier")
    def show_tier(self, route: HandoffRoute) -> str:
        """Name the tier, or say that it is any."""
        return route.tier or "Any"

    @admin.display(description="Language", ordering="locale")
    def show_locale(self, route: HandoffRoute) -> str:
        """Name the language, or say that it is any."""
        return route.locale or "Any"
