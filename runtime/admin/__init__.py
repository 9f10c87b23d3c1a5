"""Admin pages of the runtime: conversations, turns, feedback, handoffs, resolution flows."""

from runtime.admin.conversations import ConversationAdmin, FeedbackAdmin, TurnAdmin
from runtime.admin.flows import ResolutionFlowAdmin
from runtime.admin.handoffs import HandoffAdmin

__all__ = ["ConversationAdmin", "FeedbackAdmin", "HandoffAdmin", "ResolutionFlowAdmin", "TurnAdmin"]
