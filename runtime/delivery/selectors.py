"""Reads around deliveries: what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import workflow
from runtime.models import HandoffDelivery, HandoffDestination


@dataclass(frozen=True, slots=True)
class DeliveryTrouble:
    """Deliveries that failed for good, and destinations that were switched off because they were dead."""

    failed: int
    switched_off: int


def delivery_trouble() -> DeliveryTrouble:
    """Count what waits for a person (2 queries); unknown outcomes are counted with those of all calls."""
    return DeliveryTrouble(
        failed=HandoffDelivery.objects.filter(state=workflow.FAILED).count(),
        switched_off=HandoffDestination.objects.filter(enabled=False).exclude(disabled_because="").count(),
    )
