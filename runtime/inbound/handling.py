"""Do what events ask for: those of one conversation one after the other, in the order of their own times.

A customer's message becomes a turn where a pilot drafts and a person reviews (shadow, assist), and nowhere
else: nobody here can send a reply back, so nothing is ever promised live. The turn and the event's end are
one transaction, so a job that is killed anywhere repeats nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.jobs import RetryLater
from core.permissions import require
from core.transitions import move
from core.writing import write_transaction
from runtime.engines import LIVE
from runtime.inbound.issues import issue_take
from runtime.inbound.messages import message_take
from runtime.inbound.receiving import HANDLE_TASK
from runtime.inbound.replies import conversation_end, reply_take
from runtime.inbound.settling import DONE_ALREADY, settle
from runtime.models import InboundEvent, InboundThread
from runtime.turn_state import Engines

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)  # longer than any one event takes
NEXT_LOOK = timedelta(seconds=65)  # by then whoever holds the conversation is done, or gone
KEEP_DAYS = 30  # customers' words in events that failed
RETRY = "runtime.change_inboundevent"
RETRYABLE = {"failed": ("received",)}
BUSY = frozenset({"conversation_busy", "with_agent", "with_human"})  # refusals that pass by themselves


def event_handle(event_id: int, *, engines: Engines = LIVE) -> dict[str, int]:
    """Handle an event and all that wait in its conversation; a second run finds nothing to do."""
    event = InboundEvent.objects.select_related("thread").filter(pk=event_id).first()
    if event is None:  # erased with its conversation
        return {"events": 0}
    if event.thread is None:
        waiting = InboundEvent.objects.filter(pk=event_id, state=InboundEvent.State.RECEIVED)
        return {"events": sum(_handle(one, engines) for one in waiting.select_related("source"))}
    return {"events": _lane(event.thread, engines)}


def event_retry(*, actor: Actor, event: InboundEvent) -> InboundEvent:
    """Queue a failed event again. Raises Conflict where it has not failed or its content is gone."""
    require(actor, RETRY)
    if event.state == InboundEvent.State.FAILED and not event.content:
        raise Conflict("What it said has been deleted since. Ask the other system to send it again.")
    with write_transaction():
        move(event, to=InboundEvent.State.RECEIVED, allowed=RETRYABLE, reason="", handled_at=None)
        activity.record(actor, "inboundevent.retried", event)
        jobs.enqueue(HANDLE_TASK, dedupe_key=f"inbound:{event.pk}", event_id=event.pk)
    return event


def inbound_forget() -> int:
    """Delete the words of events that nobody has dealt with for KEEP_DAYS; return how many. Idempotent."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    old = InboundEvent.objects.filter(received_at__lt=before).exclude(content={})
    return old.update(content={})


def _lane(thread: InboundThread, engines: Engines) -> int:
    """Handle what waits, oldest first. Who comes while somebody else is at it looks again later."""
    done = 0
    waiting = InboundEvent.objects.filter(thread=thread, state=InboundEvent.State.RECEIVED)
    while waiting.exists():
        if not _hold(thread):
            later = timezone.now() + NEXT_LOOK
            last = waiting.order_by("-pk").values_list("pk", flat=True).first()
            if last is not None:
                key = f"inbound-lane:{thread.pk}"
                jobs.enqueue(HANDLE_TASK, dedupe_key=key, not_before=later, event_id=last)
            return done
        try:
            while event := waiting.select_related("source").order_by("occurred_at", "pk").first():
                event.thread = thread
                done += _handle(event, engines)
                InboundThread.objects.filter(pk=thread.pk).update(held_until=timezone.now() + LEASE)
        finally:
            InboundThread.objects.filter(pk=thread.pk).update(held_until=None)
    return done


def _hold(thread: InboundThread) -> bool:
    now = timezone.now()
    free = InboundThread.objects.filter(Q(held_until=None) | Q(held_until__lt=now), pk=thread.pk)
    return bool(free.update(held_until=now + LEASE))


def _handle(event: InboundEvent, engines: Engines) -> int:
    """Handle one event; a refusal or bug is written down and holds nobody else up."""
    try:
        _dispatch(event, engines)
    except DomainError as refusal:
        if refusal.code == DONE_ALREADY:
            return 0
        if refusal.code in BUSY:
            raise RetryLater(refusal.message) from refusal
        settle(event, InboundEvent.State.FAILED, refusal.message)
    except (RetryLater, DatabaseError):
        raise
    except Exception as error:  # the border of the event: a bug is logged, and the next one goes on
        log.exception("inbound_event_crashed", event_id=event.pk)
        settle(event, InboundEvent.State.FAILED, f"{type(error).__name__}: tell the developer.")
    return 1


def _dispatch(event: InboundEvent, engines: Engines) -> None:
    takers: dict[str, Any] = {
        InboundEvent.Kind.REPLY: reply_take,
        InboundEvent.Kind.ENDED: conversation_end,
        InboundEvent.Kind.ISSUE: issue_take,
    }
    if event.kind == InboundEvent.Kind.MESSAGE:
        message_take(event, engines=engines)
    else:
        takers[event.kind](event)
