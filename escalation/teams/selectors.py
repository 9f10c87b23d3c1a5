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
from escalation.teams.models import Team
from escalation.teams.routing import HandoffCase, Route, team_for

CONDITIONS = ("reason", "intent", "tier", "locale")


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


def routing() -> tuple[tuple[Route, ...], int | None]:
    """Return the routes to active teams in their order, and the id of the default team, in one query."""
    fields = ("pk", "is_default", "routes", *(f"routes__{name}" for name in CONDITIONS))
    rows = list(Team.objects.filter(active=True).order_by("routes__position", "routes").values_list(*fields))
    default = next((team_id for team_id, is_default, *_ in rows if is_default), None)
    return tuple(Route(team_id, *said) for team_id, _, route, *said in rows if route is not None), default


def team_assigned(case: HandoffCase, *, at: datetime) -> AssignedTeam:
    """Return the team that gets the case, and whether somebody of it is there at ``at``."""
    routes, default = routing()
    team_id = team_for(case, routes, default=default)
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
