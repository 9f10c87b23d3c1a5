"""Admin pages of the runtime: conversations, turns, feedback, handoffs."""

from runtime.admin.conversations import ConversationAdmin, FeedbackAdmin, TurnAdmin
from runtime.admin.handoffs import HandoffAdmin

__all__ = ["ConversationAdmin", "FeedbackAdmin", "HandoffAdmin", "TurnAdmin"]
