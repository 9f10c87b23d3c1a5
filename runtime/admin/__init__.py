"""Admin pages of the runtime: conversations, turns, feedback, handoffs, figures, flows, actions."""

from runtime.admin.action_ledger import ActionLedgerAdmin
from runtime.admin.actions import ActionAdmin
from runtime.admin.anger import AngerCalibrationAdmin, AngerLabelAdmin
from runtime.admin.connections import ConnectionAdmin
from runtime.admin.conversations import ConversationAdmin, FeedbackAdmin, TurnAdmin
from runtime.admin.deliveries import HandoffDeliveryAdmin
from runtime.admin.destinations import HandoffDestinationAdmin
from runtime.admin.draft_voice import DraftVoiceAdmin
from runtime.admin.flows import ResolutionFlowAdmin
from runtime.admin.handoffs import HandoffAdmin
from runtime.admin.inbound import InboundEventAdmin, InboundSourceAdmin
from runtime.admin.repeats import RepeatFieldAdmin
from runtime.admin.verdict_lists import VerdictAdmin, VerdictPolicyAdmin
from runtime.admin.verdicts import SampledTurnAdmin

__all__ = [
    "ActionAdmin",
    "ActionLedgerAdmin",
    "AngerCalibrationAdmin",
    "AngerLabelAdmin",
    "ConnectionAdmin",
    "ConversationAdmin",
    "DraftVoiceAdmin",
    "FeedbackAdmin",
    "HandoffAdmin",
    "HandoffDeliveryAdmin",
    "HandoffDestinationAdmin",
    "InboundEventAdmin",
    "InboundSourceAdmin",
    "RepeatFieldAdmin",
    "ResolutionFlowAdmin",
    "SampledTurnAdmin",
    "TurnAdmin",
    "VerdictAdmin",
    "VerdictPolicyAdmin",
]
