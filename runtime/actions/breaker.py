"""Pause a connection whose system fails again and again, for every process at once: its state is in the row.

Closed → after FAILURES in a row within WINDOW_SECONDS open for OPEN_SECONDS → then one call at a time probes:
if it reaches the system the connection is closed again, else it stays open. Only failures to reach a system
count; a system that refuses a request is in order.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db.models import Case, F, Value, When
from django.utils import timezone

from runtime.models import Connection

log = structlog.get_logger(__name__)

FAILURES = 5
WINDOW_SECONDS = 300
OPEN_SECONDS = 30
PROBE_SECONDS = 15  # the others wait so long for the one that probes


def may_call(connection: Connection) -> bool:
    """Whether a call may go out now; where the pause has run out, the first one to ask becomes the probe."""
    now = timezone.now()
    if connection.open_until is None:
        return True
    if connection.open_until > now:
        return False
    due = Connection.objects.filter(pk=connection.pk, open_until=connection.open_until)
    return due.update(open_until=now + timedelta(seconds=PROBE_SECONDS)) == 1


def reached(connection: Connection) -> None:
    """Write down that the system was reached; costs a write only where something was wrong before."""
    wrong = Connection.objects.filter(pk=connection.pk).exclude(failures=0, open_until=None)
    if connection.failures or connection.open_until is not None or wrong.exists():
        wrong.update(failures=0, failed_at=None, open_until=None)


def failed(connection: Connection) -> None:
    """Write down that the system could not be reached; open the breaker where that was once too often."""
    now = timezone.now()
    recent = now - timedelta(seconds=WINDOW_SECONDS)
    row = Connection.objects.filter(pk=connection.pk)
    row.update(
        failures=Case(When(failed_at__gt=recent, then=F("failures") + 1), default=Value(1)), failed_at=now
    )
    pause_until = now + timedelta(seconds=OPEN_SECONDS)
    if row.filter(failures__gte=FAILURES).update(open_until=pause_until):
        log.warning("connection_paused", connection=connection.name, seconds=OPEN_SECONDS)
