"""Where a turn's conversation stands in the running pilots. Decides by runtime.placement; writes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.actors import Actor
from runtime.contracts import TurnRequest
from runtime.live_interactions import TRYOUT_CHANNELS
from runtime.models import Conversation
from runtime.placement import CHANNEL, UNRESTRICTED, Placement, place, place_by_category, without_delivery
from runtime.ports import running_scopes


def placing(
    actor: Actor, request: TurnRequest, conversation: Conversation | None, new_id: UUID
) -> dict[str, Any]:
    """Return where the conversation stands, as Context takes it; ``new_id`` names one that begins.

    What our own people try out in the admin's chat is not the pilots' business, unless one covers that chat.
    """
    scopes = running_scopes()
    if actor.kind == "user" and request.channel in TRYOUT_CHANNELS:
        scopes = tuple(scope for scope in scopes if (scope.kind, scope.value) == (CHANNEL, request.channel))
    if not scopes:
        return {} if request.may_deliver else {"placement": without_delivery(UNRESTRICTED)}
    known = conversation.customer_external_id if conversation else ""
    customer = known or request.customer.external_id or str(conversation.pk if conversation else new_id)
    placed = place(
        scopes,
        channel=conversation.channel if conversation else request.channel,
        customer=customer,
        placed_in=conversation.pilot_id if conversation else None,
    )

    def by_category(category_id: int | None) -> Placement:
        found = place_by_category(scopes, category_id=category_id, customer=customer)
        return found if request.may_deliver else without_delivery(found)

    if placed is not None and not request.may_deliver:
        placed = without_delivery(placed)
    return {"placement": placed, "place": by_category}
