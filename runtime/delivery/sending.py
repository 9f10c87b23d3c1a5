"""Send deliveries: one handoff at one destination is a lane, whose deliveries go out one after the other.

The ledger of calls is the truth of what was sent: the delivery's row follows it. What provably had no effect
is tried again by itself for GIVE_UP_DAYS, ever more rarely; what may have had one is looked up first, and
waits for a person where it cannot be told. Jobs come here at any time and any number: nothing is sent twice.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.errors import Conflict, DomainError
from integrations.handoff_notice import QUEUED
from integrations.systems import HANDOFF_OPERATIONS
from runtime import workflow
from runtime.actions.ledger import row_keep
from runtime.actions.preparing import base_url, digest
from runtime.actions.reconciling import (
    leases_end,
    ledger_look,
    ledger_reopen,
)
from runtime.actions.services import ledger_run
from runtime.delivery.notices import notice_of
from runtime.delivery.queueing import lane_schedule
from runtime.delivery.switching_off import destination_switch_off
from runtime.models import ActionLedger, HandoffDelivery

GIVE_UP_DAYS = 3
DELIVER_SECONDS = 8.0  # a dead system must not hold workers: the next try is another job's
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30.0, 3600.0
DAY_SECONDS = 86_400.0
JITTER = 0.25  # of the pause, added
AFTER_LOOK_SECONDS = 5  # the ledger's own look goes first
RUNNING_SECONDS = 60
SWEEP_LANES = 200
# How a call ends that had no effect for a reason that may pass. A person decides on all others.
PASSING = frozenset(
    {
        *("unreachable", "rate_limited_there", "no_time", "paused", "rate_limited"),
        *("not_sent", "interrupted", "not_there"),
    }
)
GONE = "gone"  # a webhook that says it is no more
REFUSED = "refused"
FOR_DAYS = f"for {GIVE_UP_DAYS} days it could not be told. "


def lane_advance(*, handoff_id: int, destination_id: int) -> dict[str, int]:
    """Send what is due for one handoff at one destination, in order; stop at the first that is not sent."""
    sent = 0
    rows = HandoffDelivery.objects.filter(handoff_id=handoff_id, destination_id=destination_id)
    unsent = rows.exclude(state=workflow.SENT).select_related(
        "handoff__turn", "destination__connection", "call"
    )
    for delivery in unsent.order_by("pk"):
        if deliver(delivery).state != workflow.SENT:
            break
        sent += 1
    return {"sent": sent}


def deliver(delivery: HandoffDelivery) -> HandoffDelivery:
    """Bring one delivery as far as it goes now."""
    now = timezone.now()
    if delivery.state == workflow.WAITING and delivery.due_at is not None and delivery.due_at > now:
        lane_schedule(delivery)
        return delivery
    call = delivery.call
    waits = delivery.state == workflow.WAITING
    if not waits and (call is None or call.state == workflow.FAILED):
        # Nothing is sent again that was not known a moment ago, or that a person has to decide on.
        return follow(delivery, call) if call and delivery.state == workflow.UNKNOWN else delivery
    try:
        if call is None or call.state == workflow.FAILED:
            check_enabled(delivery)
        if call is None:
            call = _opened(delivery)
        call = _moved_on(call)
    except DomainError as refusal:
        return _stopped(delivery, code=refusal.code, message=refusal.message)
    return follow(delivery, call)


def check_enabled(delivery: HandoffDelivery) -> None:
    """Raise DomainError where the destination or its connection is switched off."""
    destination = delivery.destination
    for what, name in ((destination, "destination"), (destination.connection, "connection")):
        if not what.enabled:
            raise DomainError(
                f"The {name} {what} is switched off. Switch it on, then send this again.",
                code=f"{name}_disabled",
            )


def payload_of(delivery: HandoffDelivery) -> dict[str, Any]:
    """Return the exact payload as it would be made now; raises InvalidInput where a setting is missing."""
    destination = delivery.destination
    first = HandoffDelivery.objects.filter(
        handoff_id=delivery.handoff_id, destination=destination, event=QUEUED, call__isnull=False
    ).select_related("call")
    told = first.exclude(pk=delivery.pk).first()
    earlier = told.call.data if told and told.call else {}
    return dict(
        HANDOFF_OPERATIONS[destination.kind].prepare_notice(
            notice_of(delivery, earlier=earlier),
            settings=destination.all_settings(),
            base_url=base_url(destination.connection),
            key=key_of(delivery),
        )
    )


def key_of(delivery: HandoffDelivery) -> str:
    """Return the idempotency key: unique among installations by the destination's reference."""
    return f"handoff:{delivery.destination.reference}:{delivery.handoff_id}:{delivery.event}"


def follow(delivery: HandoffDelivery, call: ActionLedger) -> HandoffDelivery:
    """Write down what the ledger's row says of the delivery, and queue what is to be done next."""
    if call.state == workflow.SUCCEEDED:
        return _kept(
            delivery,
            state=workflow.SENT,
            sent_at=call.finished_at or timezone.now(),
            external_id=str(call.data.get("external_id", ""))[:100],
            external_url=str(call.data.get("external_url", ""))[:500],
            due_at=None,
            message=call.message,
            error_code="",
        )
    if call.state == workflow.FAILED:
        return _failed(delivery, call)
    if call.state == workflow.UNKNOWN:
        return _unknown(delivery, call)
    due_at = (call.lease_until or timezone.now()) + timedelta(seconds=RUNNING_SECONDS)
    return _kept(delivery, state=workflow.WAITING, due_at=due_at)


def deliveries_sweep() -> dict[str, int]:
    """Queue the jobs of lanes left behind, or whose call a person has settled; return how many."""
    now = timezone.now()
    earlier = HandoffDelivery.objects.filter(
        handoff_id=OuterRef("handoff_id"), destination_id=OuterRef("destination_id"), pk__lt=OuterRef("pk")
    ).exclude(state=workflow.SENT)
    known = (workflow.SUCCEEDED, workflow.FAILED)
    behind = HandoffDelivery.objects.filter(
        Q(state__in=workflow.OPEN_DELIVERY, due_at__lte=now)
        | Q(state=workflow.UNKNOWN, call__state__in=known)
        | Q(state=workflow.FAILED, call__state=workflow.SUCCEEDED)
    ).filter(~Exists(earlier))
    lanes = list(behind.order_by("pk")[:SWEEP_LANES])
    for delivery in lanes:
        delivery.due_at = None
        lane_schedule(delivery)
    return {"lanes": len(lanes)}


def _opened(delivery: HandoffDelivery) -> ActionLedger:
    """Return the delivery's row in the ledger: committed before anything is sent."""
    destination, handoff = delivery.destination, delivery.handoff
    arguments = {"handoff": str(handoff.pk), "event": delivery.event, "destination": destination.name}
    call = row_keep(
        key_of(delivery),
        connection=destination.connection,
        operation=HANDOFF_OPERATIONS[destination.kind].name,
        arguments=arguments,
        arguments_sha256=digest(arguments),
        payload=payload_of(delivery),
        conversation_id=handoff.conversation_id,
        reference=f"Handoff {handoff.pk} {delivery.event}"[:200],
    )
    HandoffDelivery.objects.filter(pk=delivery.pk, call=None).update(call=call)
    delivery.call = call
    return call


def _moved_on(call: ActionLedger) -> ActionLedger:
    """Send a pending or failed call, give up an abandoned one, look up what is due; return it anew."""
    now = timezone.now()
    if call.forgotten_at is not None and call.state in (workflow.PENDING, workflow.FAILED):
        raise Conflict("What was to be sent has been deleted since.", code="forgotten")
    if call.state == workflow.FAILED:
        try:
            ledger_reopen(call)
        except Conflict:  # another job has just done so
            call.refresh_from_db(fields=["state"])
    if call.state == workflow.PENDING:
        ledger_run(call, deadline_seconds=DELIVER_SECONDS)
    elif call.state == workflow.RUNNING and call.lease_until is not None and call.lease_until < now:
        leases_end()
    call = ActionLedger.objects.select_related("action", "connection").get(pk=call.pk)
    if call.state == workflow.UNKNOWN and call.look_at is not None and call.look_at <= now:
        call = ledger_look(call)
    return call


def _failed(delivery: HandoffDelivery, call: ActionLedger) -> HandoffDelivery:
    """Try again later, or leave it to a person; a webhook may be asked again whatever it has refused."""
    now = timezone.now()
    operation = HANDOFF_OPERATIONS[delivery.destination.kind]
    passes = call.error_code in PASSING or (call.error_code == REFUSED and operation.repeats_refused)
    told = {"message": call.message, "error_code": call.error_code}
    if call.forgotten_at is None and passes and now < delivery.tried_since + timedelta(days=GIVE_UP_DAYS):
        due_at = _next_try(delivery.retries, now, at_least=_asked_to_wait(call))
        return _kept(delivery, state=workflow.WAITING, due_at=due_at, retries=delivery.retries + 1, **told)
    delivery = _kept(delivery, state=workflow.FAILED, due_at=None, **told)
    if passes:
        destination_switch_off(delivery.destination, because=FOR_DAYS + call.message)
    elif call.error_code == GONE:
        destination_switch_off(delivery.destination, because=call.message)
    return delivery


def _unknown(delivery: HandoffDelivery, call: ActionLedger) -> HandoffDelivery:
    """Come back after the next look; without one a person tells. What fails for days is switched off."""
    due_at = call.look_at and call.look_at + timedelta(seconds=AFTER_LOOK_SECONDS)
    told = {"message": call.message, "error_code": call.error_code}
    delivery = _kept(delivery, state=workflow.UNKNOWN, due_at=due_at, **told)
    gave_up = timezone.now() > delivery.tried_since + timedelta(days=GIVE_UP_DAYS - 1)
    if due_at is None and gave_up and HANDOFF_OPERATIONS[delivery.destination.kind].repeatable:
        destination_switch_off(delivery.destination, because=FOR_DAYS + call.message)
    return delivery


def _stopped(delivery: HandoffDelivery, *, code: str, message: str) -> HandoffDelivery:
    return _kept(delivery, state=workflow.FAILED, due_at=None, error_code=code[:60], message=message[:500])


def _kept(delivery: HandoffDelivery, **changes: Any) -> HandoffDelivery:
    """Write the changes unless the delivery is sent already; queue the next step where there is one."""
    rows = HandoffDelivery.objects.filter(pk=delivery.pk).exclude(state=workflow.SENT)
    if rows.update(**changes):
        for name, value in changes.items():
            setattr(delivery, name, value)
        if delivery.due_at is not None:
            lane_schedule(delivery)
    else:
        delivery.refresh_from_db(fields=["state"])
    return delivery


def _asked_to_wait(call: ActionLedger) -> float:
    """Return for how long the system asked not to be asked (Retry-After), a day at most."""
    last = call.trail[-1] if call.trail else {}
    return min(float(last.get("wait_seconds", 0)), DAY_SECONDS)


def _next_try(retries: int, now: datetime, *, at_least: float) -> datetime:
    pause = max(at_least, min(PAUSE_SECONDS * 2 ** min(retries, 10), LONGEST_PAUSE_SECONDS))
    return now + timedelta(seconds=pause * (1 + JITTER * random.random()))  # noqa: S311  # nosec B311
