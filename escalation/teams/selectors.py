"""Reads about teams: their schedules, whose member somebody is, and who gets a handoff now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from core.models import User
from escalation.teams.contracts import NO_TEAM, AssignedTeam, TeamSummary
from escalation.teams.hours import Schedule, Span, is_open, next_opening
from escalation.teams.hours_text import status_line
from escalation.teams.models import HandoffRoute, Team
from escalation.teams.routing import HandoffCase, Route, team_for


def teams_with_hours() -> QuerySet[Team]:
    """Return the teams, each with its hours and exceptions, in three queries."""
    return Team.objects.prefetch_related("hours", "exceptions")


def schedule_of(team: Team) -> Schedule:
    """Return when the team is there."""
    weekly: dict[int, list[Span]] = {}
    for row in team.hours.all():
        weekly.setdefault(row.weekday, []).append(Span(row.opens, row.closes))
    exceptions: dict[date, list[Span]] = {}
    for day in team.exceptions.all():
        spans = exceptions.setdefault(day.day, [])
        if day.opens is not None and day.closes is not None:
            spans.append(Span(day.opens, day.closes))
    return Schedule(
        team.time_zone,
        {weekday: tuple(spans) for weekday, spans in weekly.items()},
        {day: tuple(spans) for day, spans in exceptions.items()},
    )


def routes() -> tuple[Route, ...]:
    """Return the routing table in its order; routes to inactive teams are left out."""
    rows = HandoffRoute.objects.filter(team__active=True).order_by("position", "id")
    return tuple(
        Route(*row) for row in rows.values_list("team_id", "reason", "intent", "tier", "locale")
    )


def team_assigned(case: HandoffCase, *, at: datetime) -> AssignedTeam:
    """Return the team that gets the case, and whether somebody of it is there at ``at``."""
    default = Team.objects.filter(is_default=True, active=True).values_list("pk", flat=True).first()
    team_id = team_for(case, routes(), default=default)
    if team_id is None:
        return NO_TEAM
    member = Team.members.through.objects.filter(team_id=OuterRef("pk"), user__is_active=True)
    team = teams_with_hours().annotate(has_members=Exists(member)).get(pk=team_id)
    schedule = schedule_of(team)
    if is_open(schedule, at):
        return AssignedTeam(team.pk, team.name, team.time_zone, available=bool(team.has_members))
    return AssignedTeam(
        team.pk, team.name, team.time_zone, available=False, opens_at=next_opening(schedule, at)
    )


def teams_of(user: User) -> tuple[TeamSummary, ...]:
    """Return the active teams that a person belongs to, by name; the rest of the teams is not theirs."""
    return _summaries(teams_with_hours().filter(active=True, members=user))


def teams_active() -> tuple[TeamSummary, ...]:
    """Return the active teams, by name."""
    return _summaries(teams_with_hours().filter(active=True))


def _summaries(teams: Iterable[Team]) -> tuple[TeamSummary, ...]:
    now = timezone.now()
    return tuple(
        TeamSummary(team.pk, team.name, team.time_zone, status_line(schedule_of(team), now)) for team in teams
    )
