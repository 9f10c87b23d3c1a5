"""Conversations, turns with evidence, handoffs, what customers thought, actions in other systems."""

from runtime.models.actions import Action, ActionLedger, ActionParameter, Connection
from runtime.models.conversations import Conversation, Trace, Turn
from runtime.models.handoffs import REASONS, Feedback, Handoff

__all__ = [
    "REASONS",
    "Action",
    "ActionLedger",
    "ActionParameter",
    "Connection",
    "Conversation",
    "Feedback",
    "Handoff",
    "Trace",
    "Turn",
]
