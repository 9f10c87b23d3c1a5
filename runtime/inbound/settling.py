"""Write down what became of an event. Its content goes at that moment, unless it can be tried again."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from core.errors import Conflict
from runtime.models import InboundEvent

DONE_ALREADY = "handled_already"


def settle(event: InboundEvent, state: str, reason: str, *, turn_id: int | None = None) -> None:
    """End an event that waits; raises Conflict where somebody else has ended it."""
    changes: dict[str, Any] = {"state": state, "reason": reason[:300], "handled_at": timezone.now()}
    if state != InboundEvent.State.FAILED:
        changes["content"] = {}
    if turn_id is not None:
        changes["turn_id"] = turn_id
    waiting = InboundEvent.objects.filter(pk=event.pk, state=InboundEvent.State.RECEIVED)
    if not waiting.update(**changes):
        raise Conflict("Somebody else has handled this event.", code=DONE_ALREADY)


def handled(event: InboundEvent, reason: str, *, turn_id: int | None = None) -> None:
    """Say that the event did what it was for."""
    settle(event, InboundEvent.State.HANDLED, reason, turn_id=turn_id)


def ignored(event: InboundEvent, reason: str, *, turn_id: int | None = None) -> None:
    """Say why the event was for nothing."""
    settle(event, InboundEvent.State.IGNORED, reason, turn_id=turn_id)
