"""Find out what became of calls whose outcome is not known, and let a person settle what no system can tell.

A call is looked at LOOK_SECONDS after it became unknown, then ever more rarely; what is still unknown after
the last look waits for a person. Rows that a killed process left running become unknown with their lease.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.permissions import require
from core.transitions import move
from integrations.outgoing import DONE, READ, REFUSED, UNCLEAR, Outcome
from integrations.systems import PERFORMABLE
from runtime import workflow
from runtime.actions import breaker
from runtime.actions.calling import line
from runtime.actions.ledger import LOOK_SECONDS, MAX_TRAIL
from runtime.actions.preparing import access_to
from runtime.actions.services import ledger_run, look_later
from runtime.models import ActionLedger

SETTLE = "runtime.settle_actionledger"
RETRY_TASK = "runtime.tasks.retry_action"
LOOK_DEADLINE_SECONDS = 20.0
JOB_DEADLINE_SECONDS = 30.0
ARRIVAL_SECONDS = 60  # what was sent less than so long ago may still arrive
PENDING_SECONDS = 60  # a row that nobody has claimed for so long was never sent
BATCH = 100


def ledger_reconcile(*, ledger_id: int | None = None) -> dict[str, int]:
    """Give up on abandoned rows, then look at what is due (or at one row); return counts by finding."""
    abandoned = leases_end()
    due = ActionLedger.objects.select_related("action", "connection").filter(state=workflow.UNKNOWN)
    if ledger_id is None:
        due = due.filter(look_at__lte=timezone.now()).order_by("look_at")[:BATCH]
    else:
        due = due.filter(pk=ledger_id)
    found = {"abandoned": abandoned, "succeeded": 0, "failed": 0, "unknown": 0}
    for row in due:
        found[ledger_look(row).state] += 1
    return found


def leases_end() -> int:
    """Make rows unknown whose process is gone; those of which nothing was sent, and readings, failed."""
    now = timezone.now()
    given_up = {"lease_until": None, "message": "The program was stopped while it was sent."}
    lost = ActionLedger.objects.filter(state=workflow.RUNNING, lease_until__lt=now)
    reads = [name for name, operation in PERFORMABLE.items() if operation.effect == READ]
    harmless = lost.filter(Q(operation__in=reads) | Q(attempts=0))
    never = ActionLedger.objects.filter(
        state=workflow.PENDING, created_at__lt=now - timedelta(seconds=PENDING_SECONDS), claims=0
    )
    rows = never.update(
        state=workflow.FAILED, finished_at=now, error_code="not_sent", message="It was never sent."
    )
    rows += harmless.update(state=workflow.FAILED, finished_at=now, error_code="interrupted", **given_up)
    return rows + lost.update(state=workflow.UNKNOWN, look_at=now, error_code="interrupted", **given_up)


def ledger_look(row: ActionLedger) -> ActionLedger:
    """Ask the system whether the call happened, and write down what it says."""
    started = time.monotonic()
    outcome = _looked(row)
    state = {DONE: workflow.SUCCEEDED, REFUSED: workflow.FAILED}.get(outcome.kind, workflow.UNKNOWN)
    now = timezone.now()
    looks = row.looks + 1
    trail = [*row.trail, line("look", outcome, time.monotonic() - started)][-MAX_TRAIL:]
    changes: dict[str, Any] = {"looks": looks, "trail": trail, "message": outcome.message[:500]}
    if state == workflow.UNKNOWN:
        changes |= {"look_at": _next_look(looks, now), "error_code": outcome.code[:60]}
    else:
        changes |= {"look_at": None, "finished_at": now, "data": dict(outcome.data)}
        changes["error_code"] = "" if state == workflow.SUCCEEDED else outcome.code[:60]
    unsettled = ActionLedger.objects.filter(pk=row.pk, state=workflow.UNKNOWN, looks=row.looks)
    if unsettled.update(state=state, **changes) and state == workflow.UNKNOWN:
        row.look_at = changes["look_at"]
        look_later(row)
    row.refresh_from_db()
    return row


def ledger_look_now(*, actor: Actor, row: ActionLedger) -> ActionLedger:
    """Look at one unknown call because a person asks; raises Conflict where it is not unknown any more."""
    require(actor, SETTLE)
    if row.state != workflow.UNKNOWN:
        raise Conflict("The outcome of this call is known.", code="outcome_known")
    row = ledger_look(row)
    with transaction.atomic():
        activity.record(actor, "actionledger.looked_up", row, after={"state": row.state})
    return row


def ledger_settle(*, actor: Actor, row: ActionLedger, happened: bool, note: str) -> ActionLedger:
    """Say what became of an unknown call: a person has looked. The activity log keeps who and why."""
    require(actor, SETTLE)
    state = workflow.SUCCEEDED if happened else workflow.FAILED
    if row.state != workflow.UNKNOWN:
        raise Conflict("The outcome of this call is known.", code="outcome_known")
    with transaction.atomic():
        move(
            row,
            to=state,
            allowed=workflow.ACTION_CALL,
            finished_at=timezone.now(),
            look_at=None,
            settled_by=actor.label[:150],
            note=note,
            error_code="" if happened else "settled_not_done",
            message="A person has found that it was done." if happened else "A person has found it not done.",
        )
        activity.record(
            actor,
            "actionledger.settled",
            row,
            before={"state": "unknown"},
            after={"state": state, "note": note},
        )
    return row


def ledger_retry(*, actor: Actor, row: ActionLedger) -> ActionLedger:
    """Send a failed call again, under the same key: it had no effect. Queues the job that sends it."""
    require(actor, SETTLE)
    if row.forgotten_at is not None:
        raise Conflict("What was to be sent has been deleted since.", code="forgotten")
    with transaction.atomic():
        ledger_reopen(row)
        activity.record(
            actor, "actionledger.retried", row, before={"state": "failed"}, after={"state": "pending"}
        )
        jobs.enqueue(RETRY_TASK, requested_by=actor.label, ledger_id=row.pk)
    return row


def ledger_reopen(row: ActionLedger) -> None:
    """Make a failed call pending again, for whoever sends it next; raises Conflict where it is not failed."""
    move(
        row,
        to=workflow.PENDING,
        allowed=workflow.ACTION_CALL,
        finished_at=None,
        settled_by="",
        error_code="",
        message="",
        looks=0,
    )


def ledger_send(ledger_id: int) -> str:
    """Send a pending row; return what state it came to. A second run finds it done."""
    row = ActionLedger.objects.select_related("action", "connection").get(pk=ledger_id)
    return ledger_run(row, deadline_seconds=JOB_DEADLINE_SECONDS).state


def unknown_waiting() -> QuerySet[ActionLedger]:
    """Return the calls that wait for somebody or something to find out about them."""
    return ActionLedger.objects.filter(state=workflow.UNKNOWN)


def _looked(row: ActionLedger) -> Outcome:
    if row.forgotten_at is not None:
        return Outcome(UNCLEAR, message="What was sent has been deleted since.", code="forgotten")
    if not breaker.may_call(row.connection):
        return Outcome(UNCLEAR, message=f"{row.connection} is paused.", code="paused")
    look = partial(
        PERFORMABLE[row.operation].look_up, key=row.idempotency_key, since=row.started_at or row.created_at
    )
    since = row.started_at or row.created_at
    try:
        outcome = look(
            access_to(row.connection), row.payload, deadline=time.monotonic() + LOOK_DEADLINE_SECONDS
        )
    except DomainError as refusal:
        return Outcome(UNCLEAR, message=refusal.message, code=refusal.code)
    (breaker.failed if outcome.broken else breaker.reached)(row.connection)
    if outcome.kind == REFUSED and timezone.now() - since < timedelta(seconds=ARRIVAL_SECONDS):
        return Outcome(UNCLEAR, message="Not there yet; it may still be on its way.", code="too_soon")
    return outcome


def _next_look(looks: int, now: datetime) -> datetime | None:
    return now + timedelta(seconds=LOOK_SECONDS[looks]) if looks < len(LOOK_SECONDS) else None
