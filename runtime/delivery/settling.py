"""What a person does about a delivery: send again what failed, look up or settle what is not known."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from core.transitions import move
from runtime import workflow
from runtime.actions.reconciling import ledger_look_now, ledger_settle
from runtime.delivery.queueing import lane_schedule
from runtime.delivery.sending import check_enabled, follow, payload_of
from runtime.models import ActionLedger, HandoffDelivery

RETRY = "runtime.change_handoffdelivery"


def delivery_retry(*, actor: Actor, delivery: HandoffDelivery) -> HandoffDelivery:
    """Have a failed delivery sent again, as it would be made now: it had no effect. Queues the job.

    Under the same key: the ledger's row gets the new payload, so that what was mended in the settings counts.
    """
    require(actor, RETRY)
    if delivery.state != workflow.FAILED:
        message = f"Delivery {delivery.pk} has not failed; there is nothing to send again."
        raise Conflict(message, code="not_failed")
    check_enabled(delivery)
    call = delivery.call
    if call is not None and call.forgotten_at is not None:
        raise Conflict("What was to be sent has been deleted since.", code="forgotten")
    payload = payload_of(delivery)
    now = timezone.now()
    with transaction.atomic():
        if call is not None:
            failed = ActionLedger.objects.filter(pk=call.pk, state=workflow.FAILED, forgotten_at=None)
            if not failed.update(payload=payload):
                raise Conflict("Its call is not failed any more. Look again.", code="call_not_failed")
        move(
            delivery,
            to=workflow.WAITING,
            allowed=workflow.DELIVERY,
            due_at=now,
            tried_since=now,
            retries=0,
            message="",
            error_code="",
        )
        activity.record(
            actor, "handoffdelivery.retried", delivery, before={"state": "failed"}, after={"state": "waiting"}
        )
        lane_schedule(delivery)
    return delivery


def delivery_look(*, actor: Actor, delivery: HandoffDelivery) -> HandoffDelivery:
    """Ask the other system now whether it has been told. Permission and refusals are the ledger's."""
    call = ledger_look_now(actor=actor, row=_call_of(delivery))
    return _followed(delivery, call)


def delivery_settle(*, actor: Actor, delivery: HandoffDelivery, happened: bool, note: str) -> HandoffDelivery:
    """Say whether it is there, because a person has looked. Permission and refusals are the ledger's."""
    call = ledger_settle(actor=actor, row=_call_of(delivery), happened=happened, note=note)
    return _followed(delivery, call)


def _call_of(delivery: HandoffDelivery) -> ActionLedger:
    if delivery.call is None:
        raise Conflict("Nothing was sent yet.", code="not_sent")
    return delivery.call


def _followed(delivery: HandoffDelivery, call: ActionLedger) -> HandoffDelivery:
    """Bring the delivery up to its call, and have those that wait behind it sent."""
    delivery = follow(delivery, call)
    if delivery.state == workflow.SENT:
        lane_schedule(delivery)
    return delivery
