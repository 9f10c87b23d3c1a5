"""The demo's rehearsal: four weeks of closed tickets by e-mail as shadow drafts. No live pilot runs."""

from __future__ import annotations

from django.utils import timezone

from core.actors import Actor
from pilot import workflow
from pilot.drafts.collecting import monday_of
from pilot.models import Draft, Pilot
from pilot.replay.rehearsing import rehearsal_play
from pilot.replay.weeks import WEEK, bounds_of
from pilot.services import pilot_create, pilot_start

NAME = "Rehearsal: e-mail, four weeks"
CHANNEL = "email"
WEEKS, TICKETS_A_WEEK = 4, 28
GOAL = "See what the agent would have answered to four weeks of e-mails before it serves anybody."
REASON = "Rehearse on closed tickets before a live pilot is planned."


def rehearsal_install(*, lead: Actor) -> int:
    """Start the rehearsal and play the last four full weeks; return how many drafts there are. Idempotent."""
    pilot = Pilot.objects.filter(name=NAME).first() or _started(lead)
    this_week = monday_of(timezone.now())
    if not Draft.objects.filter(pilot=pilot).exists():
        since, _ = bounds_of(this_week - WEEKS * WEEK)
        until, _ = bounds_of(this_week)
        rehearsal_play(actor=lead, pilot=pilot, since=since, until=until, limit=TICKETS_A_WEEK)
    return Draft.objects.filter(pilot=pilot).count()


def _started(lead: Actor) -> Pilot:
    pilot = pilot_create(actor=lead, name=NAME, channel=CHANNEL, source=workflow.REPLAY_SOURCE, goal=GOAL)
    pilot_start(actor=lead, pilot=pilot, reason=REASON)
    return pilot
