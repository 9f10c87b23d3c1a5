"""Writes about teams and routes: each checks the whole, writes it at once and leaves one activity line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.models import User
from core.permissions import require
from escalation.teams.hours import DAYS, Span, spans_fault, time_zones
from escalation.teams.hours_text import MAX_EXCEPTIONS, exceptions_write, spans_write
from escalation.teams.models import HandoffRoute, HoursException, OpeningHours, Team
from escalation.teams.selectors import schedule_of
from escalation.triggers import TRIGGERS

Week = Mapping[int, Sequence[Span]]  # 0 is Monday
Exceptions = Mapping[date, tuple[Sequence[Span], str]]  # the spans of a date, and what day it is


def team_save(
    *,
    actor: Actor,
    team: Team,
    members: Collection[User],
    weekly: Week,
    exceptions: Exceptions | None = None,
) -> Team:
    """Create or change a team as a whole. A new default team takes the place of the old one.

    Raises InvalidInput for an unknown time zone, hours that overlap or end before they begin, and where no
    default team would be left.
    """
    require(actor, "escalation.change_team" if team.pk else "escalation.add_team")
    exceptions = exceptions or {}
    _check(team, weekly, exceptions)
    with transaction.atomic():
        list(Team.objects.select_for_update().order_by("pk").values_list("pk"))
        before = _told(Team.objects.get(pk=team.pk)) if team.pk else {}
        if before.get("is_default") and not team.is_default:
            raise InvalidInput("Make another team the default; one must be.", code="default_team_needed")
        if team.is_default:
            Team.objects.exclude(pk=team.pk).filter(is_default=True).update(is_default=False)
        team.save()
        team.members.set(members)
        team.hours.all().delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(team=team, weekday=weekday, opens=span.opens, closes=span.closes)
            for weekday, spans in sorted(weekly.items())
            for span in spans
        )
        team.exceptions.all().delete()
        HoursException.objects.bulk_create(_exception_rows(team, exceptions))
        after = _told(team)
        if before != after:
            activity.record(
                actor,
                "team.changed" if before else "team.created",
                team,
                before={name: value for name, value in before.items() if value != after[name]},
                after={name: value for name, value in after.items() if value != before.get(name)},
            )
    return team


def route_save(*, actor: Actor, route: HandoffRoute) -> HandoffRoute:
    """Create or change a line of the routing table."""
    require(actor, "escalation.change_handoffroute" if route.pk else "escalation.add_handoffroute")
    if route.reason and route.reason not in TRIGGERS:
        raise InvalidInput(f"There is no reason {route.reason!r}.", code="unknown_reason")
    if not route.team.active:
        raise InvalidInput(f"{route.team} is not active; it gets nothing.", code="inactive_team")
    with transaction.atomic():
        before = _route_told(HandoffRoute.objects.get(pk=route.pk)) if route.pk else {}
        route.save()
        verb = "handoff_route.changed" if before else "handoff_route.created"
        activity.record(actor, verb, route, before=before, after=_route_told(route))
    return route


def route_delete(*, actor: Actor, route: HandoffRoute) -> None:
    """Take a line out of the routing table; what it took falls to the lines below it."""
    require(actor, "escalation.delete_handoffroute")
    with transaction.atomic():
        activity.record(actor, "handoff_route.deleted", route, before=_route_told(route))
        route.delete()


def _check(team: Team, weekly: Week, exceptions: Exceptions) -> None:
    team.name = team.name.strip()
    if not 1 <= len(team.name) <= 60:
        raise InvalidInput("Give the team a name of at most 60 characters.", code="bad_name")
    if Team.objects.filter(name=team.name).exclude(pk=team.pk).exists():
        raise InvalidInput("Another team has this name.", code="name_taken")
    if team.time_zone not in time_zones():
        raise InvalidInput(
            f"There is no time zone {team.time_zone[:64]!r}; write for instance Europe/Berlin.",
            code="unknown_time_zone",
        )
    if team.is_default and not team.active:
        raise InvalidInput(
            "The default team gets what no route takes: it is active.", code="default_inactive"
        )
    if len(exceptions) > MAX_EXCEPTIONS:
        raise InvalidInput(f"Keep at most {MAX_EXCEPTIONS} dates.", code="too_many_exceptions")
    days = [(DAYS[weekday], spans) for weekday, spans in weekly.items()]
    days += [(str(day), spans) for day, (spans, _) in exceptions.items()]
    for day, spans in days:
        if fault := spans_fault(spans):
            raise InvalidInput(f"{day}: {fault}", code="bad_hours")


def _exception_rows(team: Team, exceptions: Exceptions) -> list[HoursException]:
    rows = []
    for day, (spans, label) in sorted(exceptions.items()):
        for span in spans or (None,):
            opens, closes = (span.opens, span.closes) if span else (None, None)
            rows.append(HoursException(team=team, day=day, opens=opens, closes=closes, label=label))
    return rows


def _told(team: Team) -> dict[str, Any]:
    """Return the team as the activity log tells it."""
    schedule = schedule_of(team)
    labels = {row.day: row.label for row in team.exceptions.all()}
    return {
        "name": team.name,
        "time_zone": team.time_zone,
        "is_default": team.is_default,
        "active": team.active,
        "members": sorted(team.members.values_list("username", flat=True)),
        "hours": {DAYS[day]: spans_write(spans) for day, spans in sorted(schedule.weekly.items())},
        "exceptions": exceptions_write(
            {day: (spans, labels[day]) for day, spans in schedule.exceptions.items()}
        ),
    }


def _route_told(route: HandoffRoute) -> dict[str, Any]:
    names = ("position", "reason", "intent", "tier", "locale")
    return {**{name: getattr(route, name) for name in names}, "team": route.team.name}
