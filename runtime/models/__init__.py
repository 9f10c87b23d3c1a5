"""Conversations, turns, handoffs, customers' verdicts, resolution flows, actions in other systems."""

from runtime.models.actions import Action, ActionLedger, ActionParameter, Connection
from runtime.models.conversations import Conversation, Trace, Turn
from runtime.models.flows import FlowRun, FlowVersion, ResolutionFlow
from runtime.models.handoffs import REASONS, AngerLabel, Feedback, Handoff, HandoffMessage

__all__ = [
    "REASONS",
    "Action",
    "ActionLedger",
    "ActionParameter",
    "AngerLabel",
    "Connection",
    "Conversation",
    "Feedback",
    "FlowRun",
    "FlowVersion",
    "Handoff",
    "HandoffMessage",
    "ResolutionFlow",
    "Trace",
    "Turn",
]
