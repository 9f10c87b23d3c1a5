"""Run an action: at most one effect per idempotency key, whoever calls how often and whatever breaks.

The order is the promise: row committed → claimed by one → sent → written down. See docs/adr on exactly-one
effect. Connections, actions, settling and reconciling have modules of their own beside this one.
"""

from __future__ import annotations

import time
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from core import jobs
from core.errors import DomainError
from integrations.outgoing import READ, UNCLEAR, WRITE, Outcome
from integrations.systems import PERFORMABLE
from runtime import workflow
from runtime.actions import breaker
from runtime.actions.calling import Called
from runtime.actions.calling import call as perform
from runtime.actions.contracts import DRY_RUN, FAILED, UNKNOWN, ActionCall, ActionResult
from runtime.actions.ledger import (
    as_result,
    check_same,
    claim,
    count_try,
    finish,
    give_back,
    row_of,
    row_open,
)
from runtime.actions.preparing import access_to, check_key, digest, prepare
from runtime.models import ActionLedger

log = structlog.get_logger(__name__)

DEADLINE_SECONDS = 8.0  # of a turn, in which a customer waits
MAX_WRITES = 3  # of one conversation: a loop or a hostile customer ends at a person
WAIT_SECONDS = 2.0  # for another caller of the same key
POLL_SECONDS = 0.05
RECONCILE_TASK = "runtime.tasks.reconcile_actions"


def action_run(
    call: ActionCall, *, deadline_seconds: float = DEADLINE_SECONDS, requested_by: str = ""
) -> ActionResult:
    """Do it once, or say what became of it when it was done before under this key.

    Writes one ledger row per key and, where the outcome is unknown, queues the look whether it happened.
    Raises nothing that another system or the arguments cause; RuntimeError inside a transaction.
    """
    try:
        check_key(call)
        row = None if call.dry_run else row_of(call)
        if row is not None:  # also after the action was changed or disabled
            check_same(row, call, _digest_of(call))
            return _resumed(row, deadline_seconds)
        prepared = prepare(call)
        if call.dry_run:
            return ActionResult(DRY_RUN, message="Nothing was sent.", payload=prepared.payload)
        row = row_open(call, prepared, requested_by=requested_by)
        check_same(row, call, _digest_of(call))
    except DomainError as refusal:
        return ActionResult(FAILED, message=refusal.message)
    return _resumed(row, deadline_seconds)


def ledger_run(row: ActionLedger, *, deadline_seconds: float = DEADLINE_SECONDS) -> ActionResult:
    """Send a pending row, as the job of a person's retry does."""
    return _resumed(row, deadline_seconds)


def _resumed(row: ActionLedger, deadline_seconds: float) -> ActionResult:
    _check_no_transaction()
    if row.state == workflow.PENDING and claim(row, seconds=deadline_seconds):
        return as_result(_called(row, deadline_seconds))
    if row.state in workflow.OPEN_ACTION_CALL:
        row = _awaited(row)
    return as_result(row)


def _called(row: ActionLedger, deadline_seconds: float) -> ActionLedger:
    """Send what the row says, and write down how that ended."""
    deadline = time.monotonic() + deadline_seconds
    connection = row.connection
    if not breaker.may_call(connection):
        message = f"{connection} is paused: it failed several times in a row. It is tried again soon."
        return give_back(row, code="paused", message=message)
    if _calls_this_minute(row) > connection.calls_per_minute:
        return give_back(row, code="rate_limited", message=f"Too many calls to {connection} in one minute.")
    if _writes_of_conversation(row) > MAX_WRITES:
        message = f"This conversation has had {MAX_WRITES} actions; a person takes over."
        return give_back(row, code="too_many_actions", message=message)
    try:
        access = access_to(connection)
    except DomainError as refusal:
        return give_back(row, code=refusal.code, message=refusal.message)
    try:
        called = perform(
            PERFORMABLE[row.operation],
            access,
            row.payload,
            key=row.idempotency_key,
            deadline=deadline,
            before_try=lambda number: count_try(row),
        )
    except Exception as error:  # noqa: BLE001 - the border: a bug must not leave the row running
        log.error("action_crashed", operation=row.operation, ledger_id=row.pk, error=type(error).__name__)
        outcome = Outcome(UNCLEAR, message="The program failed while it was sent.", code="crashed")
        state = FAILED if PERFORMABLE[row.operation].effect == READ else UNKNOWN
        called = Called(state, outcome, (), broken=False)
    (breaker.failed if called.broken else breaker.reached)(connection)
    row = finish(row, called)
    if row.state == workflow.UNKNOWN:
        log.warning("action_outcome_unknown", operation=row.operation, ledger_id=row.pk, code=row.error_code)
        look_later(row)
    return row


def look_later(row: ActionLedger) -> None:
    """Queue the look whether an unknown call happened, for when it is due."""
    if row.look_at is not None:
        jobs.enqueue(RECONCILE_TASK, dedupe_key=f"look:{row.pk}", not_before=row.look_at, ledger_id=row.pk)


def _digest_of(call: ActionCall) -> str:
    """Return the digest of the arguments as the row's was made: without the empty ones, in any order."""
    return digest({name: value for name, value in call.arguments.items() if value})


def _calls_this_minute(row: ActionLedger) -> int:
    since = timezone.now() - timedelta(minutes=1)
    return ActionLedger.objects.filter(connection_id=row.connection_id, started_at__gte=since).count()


def _writes_of_conversation(row: ActionLedger) -> int:
    """Count the calls of the row's conversation that change something somewhere, this one included."""
    if row.conversation_id is None or row.action is None or row.action.effect == READ:
        return 0
    rows = ActionLedger.objects.filter(conversation_id=row.conversation_id, action__effect=WRITE)
    return rows.exclude(state=workflow.FAILED).count()


def _check_no_transaction() -> None:
    """Raise RuntimeError inside a transaction; that of a test case, which Django marks, does not count."""
    with transaction.atomic(durable=True):
        pass


def _awaited(row: ActionLedger) -> ActionLedger:
    """Wait briefly for whoever is calling; return the row as it then is."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        row.refresh_from_db(fields=["state"])
        if row.state not in workflow.OPEN_ACTION_CALL:
            break
        time.sleep(POLL_SECONDS)
    return ActionLedger.objects.select_related("action", "connection").get(pk=row.pk)
