"""Conversations, turns, handoffs, customers' verdicts, resolution flows, actions in other systems."""

from runtime.models.actions import Action, ActionLedger, ActionParameter, Connection
from runtime.models.conversations import Conversation, Trace, Turn
from runtime.models.flows import FlowRun, FlowVersion, ResolutionFlow
from runtime.models.handoffs import REASONS, Feedback, Handoff, HandoffMessage
from runtime.models.replay import TicketFacts

__all__ = [
    "REASONS",
    "Action",
    "ActionLedger",
    "ActionParameter",
    "Connection",
    "Conversation",
    "Feedback",
    "FlowRun",
    "FlowVersion",
    "Handoff",
    "HandoffMessage",
    "ResolutionFlow",
    "TicketFacts",
    "Trace",
    "Turn",
]
