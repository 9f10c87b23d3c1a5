"""The wait that a customer is told: the queue's own history at this hour, or nothing. Reads only.

It is the 80th percentile of the waits of the last 14 days that began in this hour of the team's clock, while
the team was there. Whoever waits now, asked within a day, counts with what they have waited so far. A team
with fewer than five ended waits borrows those of all teams; without five, no number is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from escalation.teams.contracts import NO_TEAM, AssignedTeam
from runtime.models import Handoff
from runtime.waiting.quantiles import wait_of, wait_quantile

WAIT_DAYS = 14
WAIT_QUANTILE = 0.8
WAIT_MIN_HANDOFFS = 5
WAIT_MAX_HANDOFFS = 200  # the newest; more would hardly move the figure, only the time it takes
WAITING_MAX_HANDOFFS = 1_000
WAITING_NOW = timedelta(days=1)  # a request that nobody ever closed is no sign of today's queue
TIMES = ("requested_at", "accepted_at", "finished_at")


def wait_seconds_estimate(team: AssignedTeam = NO_TEAM, *, now: datetime | None = None) -> int | None:
    """Return the seconds that 80 % of the customers wait at most at this hour, or None if nobody can know."""
    now = now or timezone.now()
    hour = now.astimezone(ZoneInfo(team.time_zone)).hour
    waiting = _waiting_now(now)
    for team_id in (None,) if team.id is None else (team.id, None):
        rows = _history(team_id, hour, now)
        rows |= {pk: times for pk, (queue, *times) in waiting.items() if team_id in (None, queue)}
        waits = [wait_of(*times, now=now) for times in rows.values()]
        if sum(wait.ended for wait in waits) >= WAIT_MIN_HANDOFFS:
            found = wait_quantile(waits, WAIT_QUANTILE)
            return None if found is None else math.ceil(found)
    return None


def _history(team_id: int | None, hour: int, now: datetime) -> dict[int, Sequence[Any]]:
    """Return the times of the newest requests of this hour, by handoff."""
    of_hour = Handoff.objects.filter(
        off_hours=False,
        requested_hour=hour,
        requested_at__gte=now - timedelta(days=WAIT_DAYS),
        requested_at__lt=now,
    )
    if team_id is not None:
        of_hour = of_hour.filter(team_id=team_id)
    newest = of_hour.order_by("-requested_at").values_list("pk", *TIMES)[:WAIT_MAX_HANDOFFS]
    return {pk: times for pk, *times in newest}


def _waiting_now(now: datetime) -> dict[int, Sequence[Any]]:
    """Return team and times of those who wait, by handoff; they have an index of their own."""
    queue = Handoff.objects.filter(
        accepted_at__isnull=True,
        finished_at__isnull=True,
        requested_at__gte=now - WAITING_NOW,
        requested_at__lt=now,
    )
    fields = ("pk", "team_id", "off_hours", *TIMES)
    rows = queue.order_by("-requested_at").values_list(*fields)[:WAITING_MAX_HANDOFFS]
    return {pk: (team, *times) for pk, team, off_hours, *times in rows if not off_hours}
