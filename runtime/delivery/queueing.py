"""Write down, with an event of a handoff, which destinations are to be told of it. Sends nothing.

Called inside the transaction of the event: either both are committed or neither.
"""

from __future__ import annotations

from django.utils import timezone

from core import jobs
from core.models import Job
from runtime.models import Handoff, HandoffDelivery, HandoffDestination, Turn

DELIVER_TASK = "runtime.tasks.deliver_handoff"
MAX_DESTINATIONS = 50


def deliveries_queue(*, handoff: Handoff, event: str) -> list[HandoffDelivery]:
    """Write a delivery for each destination that is told of this, and queue the jobs that send them.

    Nothing for a conversation in shadow mode. Costs one query where there is no destination.
    """
    destinations = HandoffDestination.objects.filter(enabled=True).order_by("pk")[:MAX_DESTINATIONS]
    told = [one for one in destinations if one.is_told(event=event, reason=handoff.reason)]
    if not told or handoff.turn.mode == Turn.Mode.SHADOW:
        return []
    now = timezone.now()
    written = []
    for destination in told:
        delivery, is_new = HandoffDelivery.objects.get_or_create(
            handoff=handoff,
            destination=destination,
            event=event,
            defaults={"created_at": now, "tried_since": now, "due_at": now},
        )
        if is_new:
            written.append(delivery)
            lane_schedule(delivery)
    return written


def lane_schedule(delivery: HandoffDelivery) -> Job:
    """Queue the job that sends what is due of the delivery's handoff to its destination, now or at due_at."""
    handoff_id, destination_id = delivery.handoff_id, delivery.destination_id
    later = delivery.due_at is not None and delivery.due_at > timezone.now()
    return jobs.enqueue(
        DELIVER_TASK,
        dedupe_key=f"deliver:{handoff_id}:{destination_id}:{'later' if later else 'now'}",
        not_before=delivery.due_at if later else None,
        handoff_id=handoff_id,
        destination_id=destination_id,
    )
