"""Switch a destination off that is gone or was dead for days, with a word why. A person switches it on."""

from __future__ import annotations

import structlog
from django.db import transaction

from core import activity
from core.actors import Actor
from runtime.models import HandoffDestination

log = structlog.get_logger(__name__)
ACTOR = Actor.system("handoff delivery")


def destination_switch_off(destination: HandoffDestination, *, because: str) -> bool:
    """Switch it off and keep the reason, which its page and the list show; False where it was off already."""
    reason = f"Switched off by itself: {because}"[:300]
    with transaction.atomic():
        on = HandoffDestination.objects.filter(pk=destination.pk, enabled=True)
        if not on.update(enabled=False, disabled_because=reason):
            return False
        activity.record(
            ACTOR,
            "handoffdestination.switched_off",
            destination,
            before={"enabled": True},
            after={"enabled": False, "because": because[:300]},
        )
    log.error("handoff_destination_switched_off", destination=destination.name)
    return True
