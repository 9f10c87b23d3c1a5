"""Conversations, their turns with evidence, handoffs to people, and what customers thought of it."""

from runtime.models.conversations import Conversation, Trace, Turn
from runtime.models.handoffs import REASONS, Feedback, Handoff

__all__ = ["REASONS", "Conversation", "Feedback", "Handoff", "Trace", "Turn"]
