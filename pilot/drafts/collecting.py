"""Make a draft of every turn that a pilot has taken. Decides nothing about it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from core.jobs import Progress
from pilot.drafts.sampling import priority_of, reviews_wanted
from pilot.models import Draft, Pilot
from runtime.models import Turn
from runtime.pipeline import NOT_IN_PILOT

BATCH = 500
COLLECT_TASK = "pilot.tasks.collect_drafts"


def drafts_collect(*, pilot_id: int | None = None, progress: Progress | None = None) -> int:
    """Write the drafts that are missing, of one pilot or of all; return how many. Idempotent by turn.

    Cheap where there is nothing to do, so pages call it before they show drafts.
    """
    found, after = 0, 0
    while True:
        turns = _waiting(pilot_id, after)
        if not turns:
            return found
        pilots = Pilot.objects.in_bulk({turn.pilot_id for turn in turns})
        rows = [draft_of(turn, pilots[turn.pilot_id]) for turn in turns if turn.pilot_id in pilots]
        Draft.objects.bulk_create(rows, ignore_conflicts=True)
        found, after = found + len(rows), turns[-1].pk
        if progress is not None:
            progress(found, found, "Collecting drafts")


def draft_of(turn: Turn, pilot: Pilot) -> Draft:
    """Return the turn's draft, not saved."""
    wanted = reviews_wanted(
        turn_id=turn.pk,
        mode=turn.mode,
        review_percent=pilot.review_percent,
        double_percent=pilot.double_percent,
    )
    sent = (
        {"sent_text": turn.reply, "sent_via": Draft.SentVia.AGENT, "sent_at": turn.created_at}
        if turn.delivered
        else {}
    )
    return Draft(
        pilot=pilot,
        turn=turn,
        conversation_id=turn.conversation_id,
        mode=turn.mode,
        happened_at=turn.created_at,
        week=monday_of(turn.created_at),
        in_sample=wanted > 0,
        is_double=wanted == 2,
        missing=wanted,
        priority=priority_of(turn.reason),
        **sent,
    )


def monday_of(moment: datetime) -> date:
    """Return the Monday of the moment's week, where the workspace is."""
    day = timezone.localtime(moment).date()
    return day - timedelta(days=day.weekday())


def _waiting(pilot_id: int | None, after: int) -> list[Turn]:
    turns = Turn.objects.filter(pk__gt=after, pilot_id__isnull=False)
    if pilot_id is not None:
        turns = turns.filter(pilot_id=pilot_id)
    missing = turns.exclude(decision=NOT_IN_PILOT).filter(~Exists(Draft.objects.filter(turn=OuterRef("pk"))))
    return list(missing.order_by("pk")[:BATCH])
