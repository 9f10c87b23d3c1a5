"""Conversations, their turns with evidence, handoffs to people, customers' verdicts, and resolution flows."""

from runtime.models.conversations import Conversation, Trace, Turn
from runtime.models.flows import FlowRun, FlowVersion, ResolutionFlow
from runtime.models.handoffs import REASONS, Feedback, Handoff

__all__ = [
    "REASONS",
    "Conversation",
    "Feedback",
    "FlowRun",
    "FlowVersion",
    "Handoff",
    "ResolutionFlow",
    "Trace",
    "Turn",
]
