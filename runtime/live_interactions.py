"""How much the agent has been at work with customers, as the rules for intents ask it."""

from __future__ import annotations

from runtime.models import Conversation, Turn

TRYOUT_CHANNELS = ("demo-chat", "playground")  # where our own people talk to the agent


def live_interactions(at_most: int) -> int:
    """Count conversations in which a customer got a live turn's reply, no further than ``at_most``."""
    delivered = Turn.objects.filter(mode=Turn.Mode.LIVE, delivered=True).order_by().values("conversation_id")
    customers = Conversation.objects.filter(ticket=None).exclude(channel__in=TRYOUT_CHANNELS)
    return customers.filter(pk__in=delivered).order_by()[:at_most].count()
