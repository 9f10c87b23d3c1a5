"""The demo's rehearsal: four weeks of closed tickets by e-mail as shadow drafts. No live pilot runs."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from pilot import workflow
from pilot.drafts.collecting import monday_of
from pilot.models import Draft, Pilot, StageMove
from pilot.replay.rehearsing import rehearsal_play
from pilot.replay.weeks import WEEK, bounds_of
from runtime.placement import SHADOW

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
    now = timezone.now()
    with transaction.atomic():
        pilot = Pilot.objects.create(
            name=NAME,
            source=workflow.REPLAY_SOURCE,
            channel=CHANNEL,
            state=workflow.RUNNING,
            goal=GOAL,
            locked_at=now,
            started_at=now - timedelta(seconds=1),
            created_by=lead.label[:150],
        )
        StageMove.objects.create(
            pilot=pilot,
            verb=StageMove.Verb.START,
            from_stage=SHADOW,
            to_stage=SHADOW,
            reason=REASON,
            signed_by=lead.label[:150],
        )
        activity.record(lead, "pilot.started", pilot, after={"source": pilot.source, "channel": CHANNEL})
    return pilot
