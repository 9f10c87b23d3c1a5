"""The ledger's rows: written and committed before anything is sent, claimed by one, finished by that one.

Each write is one UPDATE that names the state it expects, so that of two who act at once exactly one wins. The
number of the claim fences: who lost the row to the sweeper meanwhile may still say what it came to, and
nobody else can.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from core.errors import Conflict
from runtime import workflow
from runtime.actions.calling import Called
from runtime.actions.contracts import FAILED, SUCCEEDED, UNKNOWN, ActionCall, ActionResult
from runtime.actions.preparing import Prepared, digest
from runtime.models import ActionLedger

LEASE_MARGIN_SECONDS = 30  # beyond the deadline, before a row that is running counts as left behind
LOOK_SECONDS = (
    60,
    300,
    900,
    3600,
    4 * 3600,
    12 * 3600,
    24 * 3600,
    24 * 3600,
)  # after it became unknown, from one look to the next
MAX_TRAIL = 60


def row_open(call: ActionCall, prepared: Prepared, *, requested_by: str = "") -> ActionLedger:
    """Return the row of this key, made and committed if it is new. Raises Conflict for another call's key.

    Raises RuntimeError inside a transaction: what is not committed would be forgotten by a rollback, and the
    effect with it.
    """
    return row_keep(
        call.idempotency_key,
        action=prepared.action,
        connection=prepared.action.connection,
        operation=prepared.action.operation,
        arguments=dict(prepared.arguments),
        arguments_sha256=digest(prepared.arguments),
        payload=dict(prepared.payload),
        conversation_id=call.conversation_id,
        reference=call.reference[:200],
        requested_by=requested_by[:150],
    )


def row_keep(key: str, **fields: Any) -> ActionLedger:
    """Return the row of the key, made of the fields and committed if it is new. Not inside a transaction."""
    try:
        with transaction.atomic(durable=True):
            return ActionLedger.objects.create(idempotency_key=key, **fields)
    except IntegrityError:
        row = row_by(key)
        if row is None:
            raise
        return row


def row_of(call: ActionCall) -> ActionLedger | None:
    """Return the row of the call's key, or None."""
    return row_by(call.idempotency_key)


def row_by(key: str) -> ActionLedger | None:
    """Return the row of a key, or None."""
    return ActionLedger.objects.select_related("action", "connection").filter(idempotency_key=key).first()


def check_same(row: ActionLedger, call: ActionCall, arguments_sha256: str) -> None:
    """Raise Conflict where the key belongs to another call."""
    if row.action is None or row.action.slug != call.action or row.arguments_sha256 != arguments_sha256:
        raise Conflict("This idempotency key was used for another call.", code="key_reused")


def claim(row: ActionLedger, *, seconds: float) -> bool:
    """Take a pending row to be called, for as long as the call may take; False where somebody else has it."""
    now = timezone.now()
    lease = now + timedelta(seconds=seconds + LEASE_MARGIN_SECONDS)
    taken = ActionLedger.objects.filter(pk=row.pk, state=workflow.PENDING, claims=row.claims).update(
        state=workflow.RUNNING, claims=F("claims") + 1, started_at=now, lease_until=lease
    )
    if taken:
        row.state, row.claims = workflow.RUNNING, row.claims + 1
        row.started_at, row.lease_until = now, lease
    return taken == 1


def count_try(row: ActionLedger) -> None:
    """Count a try before it is made."""
    ActionLedger.objects.filter(pk=row.pk, claims=row.claims).update(attempts=F("attempts") + 1)


def finish(row: ActionLedger, called: Called) -> ActionLedger:
    """Write down how the call ended; also where the row had been given up as unknown meanwhile."""
    now = timezone.now()
    known = called.state != UNKNOWN
    mine = ActionLedger.objects.filter(
        pk=row.pk, claims=row.claims, state__in=(workflow.RUNNING, workflow.UNKNOWN), settled_by=""
    )
    mine.update(
        state=called.state,
        data=dict(called.outcome.data),
        message=called.outcome.message[:500],
        error_code="" if called.state == SUCCEEDED else called.outcome.code[:60],
        trail=(row.trail + list(called.trail))[-MAX_TRAIL:],
        lease_until=None,
        finished_at=now if known else None,
        look_at=None if known else now + timedelta(seconds=LOOK_SECONDS[0]),
    )
    row.refresh_from_db()
    return row


def give_back(row: ActionLedger, *, code: str, message: str) -> ActionLedger:
    """End a claimed row of which nothing was sent as failed."""
    ActionLedger.objects.filter(pk=row.pk, claims=row.claims, state=workflow.RUNNING).update(
        state=workflow.FAILED,
        error_code=code,
        message=message[:500],
        lease_until=None,
        finished_at=timezone.now(),
    )
    row.refresh_from_db()
    return row


def as_result(row: ActionLedger) -> ActionResult:
    """Return a row as its caller is told of it; one that still runs is unknown to whoever else asks."""
    known: dict[str, Any] = {"data": row.data, "payload": row.payload, "ledger_id": row.pk}
    if row.state == workflow.SUCCEEDED:
        return ActionResult(SUCCEEDED, message=row.message, **known)
    if row.state == workflow.FAILED:
        return ActionResult(FAILED, message=row.message or "It was not done.", **known)
    if row.state == workflow.UNKNOWN:
        return ActionResult(UNKNOWN, message=row.message or "It is not known whether it was done.", **known)
    return ActionResult(UNKNOWN, message="The same call is still running.", **known)
