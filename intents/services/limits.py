"""How many intents may be active before the agent has proven itself: 15, until 300 live interactions.

The guide: "start with 10 to 15 core intents", more after 300 live interactions. A support lead may go beyond
with a written reason. Every way to an active intent asks here, inside its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from intents.models import Intent, IntentLimitOverride
from intents.ports import live_interactions
from intents.workflow import ENOUGH_LIVE_INTERACTIONS, MAX_CORE_INTENTS

PERMISSION = "intents.override_intent_limit"
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class LimitState:
    """How many intents are active, and live interactions (counted up to 300); ``reason`` of an override."""

    active_intents: int
    live_interactions: int
    reason: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether one more needs an override."""
        return self.active_intents >= MAX_CORE_INTENTS and self.live_interactions < ENOUGH_LIVE_INTERACTIONS


def limit_state() -> LimitState:
    """Return how things stand (at most 2 queries); interactions count only where there are many intents."""
    active = Intent.objects.active().count()
    enough = active < MAX_CORE_INTENTS
    seen = 0 if enough else live_interactions(at_most=ENOUGH_LIVE_INTERACTIONS)
    return LimitState(active, seen)


def limit_respect(*, actor: Actor, override_reason: str = "") -> LimitState | None:
    """Refuse one more active intent beyond the limit; return the state that a given reason overrides.

    Call it inside the transaction that activates. All rows of intents are locked first, so that of two
    activations at once the second one counts the first.
    """
    list(Intent.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    state = limit_state()
    if not state.is_reached:
        return None
    reason = override_reason.strip()
    if not reason:
        raise Conflict(
            f"{state.active_intents} intents are active, and there have been {state.live_interactions} of "
            f"{ENOUGH_LIVE_INTERACTIONS} live interactions. Start with {MAX_CORE_INTENTS}: archive one "
            "first, wait for the pilot, or have a support lead give a written reason.",
            code="too_many_intents",
            extra={
                "active_intents": state.active_intents,
                "live_interactions": state.live_interactions,
                "max_intents": MAX_CORE_INTENTS,
                "needed_interactions": ENOUGH_LIVE_INTERACTIONS,
            },
        )
    if len(reason) > REASON_LENGTH:
        raise InvalidInput(f"Give the reason in at most {REASON_LENGTH} characters.", code="reason_too_long")
    require(actor, PERMISSION)
    return LimitState(state.active_intents, state.live_interactions, reason)


def limit_override_record(*, actor: Actor, intent: Intent, at: LimitState) -> IntentLimitOverride:
    """Keep that ``intent`` went beyond the limit, and why."""
    override = IntentLimitOverride.objects.create(
        intent=intent,
        reason=at.reason,
        active_intents=at.active_intents,
        live_interactions=at.live_interactions,
        made_by_id=actor.user_id,
    )
    activity.record(
        actor,
        "intent.limit_overridden",
        intent,
        after={
            "reason": at.reason,
            "active_intents": at.active_intents,
            "live_interactions": at.live_interactions,
        },
    )
    return override
