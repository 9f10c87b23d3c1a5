"""The demo company's teams with their hours and routes, and two weeks of waits that people have ended.

The waits go through the services as they do for a customer; only then are the clocks of their rows moved
back, so that “Waiting times” has something to tell. The default team is there at all hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from core.actors import Actor
from core.models import User
from escalation.models import HandoffRoute, Team
from escalation.teams.hours import Span
from escalation.teams.selectors import team_assigned
from escalation.teams.services import route_save, team_save
from intents.tagging.sampling import draw
from runtime.contracts import Customer, TurnRequest
from runtime.engines import LIVE
from runtime.models import Conversation, Handoff, Turn
from runtime.services import handoff_accept, handoff_resolve, turn_take
from runtime.turn_state import Engines

SUPPORT, BILLING, TECHNICAL = "Customer support", "Billing", "Technical support"
OFFICE = (Span(9 * 60, 12 * 60 + 30), Span(13 * 60, 17 * 60))
TEAMS: tuple[tuple[str, str, Mapping[int, tuple[Span, ...]], tuple[str, ...]], ...] = (
    (SUPPORT, "Europe/Dublin", dict.fromkeys(range(7), (Span(0, 24 * 60),)), ("tagger", "reviewer")),
    (BILLING, "Europe/Berlin", dict.fromkeys(range(5), OFFICE), ("support_lead", "tagger")),
    (
        TECHNICAL,
        "America/New_York",
        {**dict.fromkeys(range(5), (Span(9 * 60, 18 * 60),)), 5: (Span(10 * 60, 14 * 60),)},
        ("reviewer",),
    ),
)
ROUTES = ((10, "billing_inquiry", BILLING), (20, "refund_dispute", BILLING), (30, "api_question", TECHNICAL))
CHRISTMAS = (12, 25)
# Hour of the team's day, on which of the last weekdays, and what customers wrote.
HOURS = (10, 11, 14)
DAYS = 13
PER_HOUR = 6
WISHES = {
    SUPPORT: "I want to talk to a person, please.",
    BILLING: "Can a person explain the charges on my invoice?",
    TECHNICAL: "I want to ask a human about our API keys.",
}
PREFIX = "waited-"
TOLD_SECONDS = 280
FIRST_TOLD_DAY = 7  # before it there was too little history to tell a number


def teams_install(*, lead: Actor, people: Mapping[str, User]) -> int:
    """Make the teams and routes that are not there yet; return how many teams there are."""
    for name, time_zone, weekly, roles in TEAMS:
        if Team.objects.filter(name=name).exists():
            continue
        holiday = date(timezone.localdate().year, *CHRISTMAS)
        team_save(
            actor=lead,
            team=Team(name=name, time_zone=time_zone, is_default=name == SUPPORT),
            members=[people[role] for role in roles],
            weekly=weekly,
            exceptions={} if name == SUPPORT else {holiday: ((), "Christmas")},
        )
    if not HandoffRoute.objects.exists():
        teams = {team.name: team for team in Team.objects.all()}
        for position, intent, name in ROUTES:
            route_save(actor=lead, route=HandoffRoute(position=position, intent=intent, team=teams[name]))
    return Team.objects.count()


def waits_remember(*, bot: Actor, person: Actor, channel: str) -> int:
    """Let two weeks of customers have waited for a person; return how many. Idempotent."""
    waited = Conversation.objects.filter(customer_external_id__startswith=PREFIX)
    if not waited.exists():
        remembered = _remembering(LIVE)
        for number, (team, moment) in enumerate(_moments()):
            _wait(bot, person, channel, number, team, moment, remembered)
    return waited.count()


def _moments() -> Iterator[tuple[Team, datetime]]:
    """Yield when customers asked: on weekdays of the last two weeks, in the team's office hours."""
    today = timezone.localdate()
    for team in Team.objects.filter(name__in=WISHES).order_by("pk"):
        zone = ZoneInfo(team.time_zone)
        days = [today - timedelta(days=ago) for ago in range(DAYS, 0, -1)]
        weekdays = [day for day in days if day.weekday() < 5][-PER_HOUR:]
        for day in weekdays:
            for hour in HOURS:
                minute = int(59 * draw(f"{team.name}{day}{hour}", "minute"))
                yield team, datetime.combine(day, time(hour, minute), tzinfo=zone)


def _wait(
    bot: Actor, person: Actor, channel: str, number: int, team: Team, moment: datetime, engines: Engines
) -> None:
    days_ago = (timezone.now() - moment).days
    told = TOLD_SECONDS if days_ago < FIRST_TOLD_DAY else None
    then = replace(
        engines,
        assign_team=lambda case, *, at: team_assigned(case, at=moment),
        wait_seconds=lambda assigned: told,
    )
    customer = Customer(f"{PREFIX}{number:03}", user_type="admin", tier="team", verified=True)
    request = TurnRequest(text=WISHES[team.name], channel=channel, customer=customer, page="/home")
    result = turn_take(actor=bot, request=request, engines=then)
    if result.handoff_id is None:  # the model has an answer to this; nobody waits
        return
    handoff = handoff_accept(actor=person, handoff=Handoff.objects.get(pk=result.handoff_id))
    handoff_resolve(actor=person, handoff=handoff, note="Settled in the conversation.")
    _move_back(handoff, moment)


def _move_back(handoff: Handoff, moment: datetime) -> None:
    seconds = 40 + 330 * draw(str(handoff.turn_id), "wait")
    accepted = moment + timedelta(seconds=seconds)
    finished = accepted + timedelta(minutes=9)
    zone = ZoneInfo(handoff.team.time_zone if handoff.team else "UTC")
    Handoff.objects.filter(pk=handoff.pk).update(
        requested_at=moment,
        requested_hour=moment.astimezone(zone).hour,
        queued_at=moment,
        accepted_at=accepted,
        finished_at=finished,
    )
    Turn.objects.filter(pk=handoff.turn_id).update(created_at=moment)
    Conversation.objects.filter(pk=handoff.conversation_id).update(created_at=moment, updated_at=finished)


def _remembering(engines: Engines) -> Engines:
    """Return engines that think once about each message: a customer of the past asks what others asked."""

    @lru_cache(maxsize=len(WISHES))
    def classify(text: str) -> Any:
        return engines.classify(text)

    @lru_cache(maxsize=len(WISHES))
    def search(query: str, audience: Any, page: str, limit: int, hint: str) -> Any:
        return engines.search(query, audience=audience, page=page, limit=limit, hint=hint)

    return replace(
        engines,
        classify=classify,
        search=lambda query, *, audience, page, limit, hint: search(query, audience, page, limit, hint),
    )
