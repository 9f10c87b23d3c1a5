"""Conversations, turns, handoffs, verdicts, repeated questions, flows, actions, inbound events."""

from runtime.models.actions import Action, ActionLedger, ActionParameter, Connection
from runtime.models.conversations import Conversation, Trace, Turn
from runtime.models.deliveries import HandoffDelivery, HandoffDestination
from runtime.models.drafting import DraftVoice
from runtime.models.flows import FlowRun, FlowVersion, ResolutionFlow
from runtime.models.handoffs import REASONS, AngerLabel, Feedback, Handoff, HandoffMessage
from runtime.models.inbound import HumanReply, InboundEvent, InboundSource, InboundThread
from runtime.models.repeats import RepeatCheck, RepeatField
from runtime.models.replay import TicketFacts
from runtime.models.verdicts import SampledTurn, Verdict, VerdictDraw, VerdictPolicy, VerdictStratum

__all__ = [
    "REASONS",
    "Action",
    "ActionLedger",
    "ActionParameter",
    "AngerLabel",
    "Connection",
    "Conversation",
    "DraftVoice",
    "Feedback",
    "FlowRun",
    "FlowVersion",
    "Handoff",
    "HandoffDelivery",
    "HandoffDestination",
    "HandoffMessage",
    "HumanReply",
    "InboundEvent",
    "InboundSource",
    "InboundThread",
    "RepeatCheck",
    "RepeatField",
    "ResolutionFlow",
    "SampledTurn",
    "TicketFacts",
    "Trace",
    "Turn",
    "Verdict",
    "VerdictDraw",
    "VerdictPolicy",
    "VerdictStratum",
]
