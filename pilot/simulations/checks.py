"""What a scenario may expect: the names, what their values look like, what they mean. Pure, no evaluation.

``turn`` checks look at what the agent made of one message; ``whole`` checks at all of the conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What a value looks like.
TEXT, TEXTS, FLAG, RATIO, COUNT = (
    "text",
    "one text or a list",
    "true or false",
    "a number from 0 to 1",
    "a count",
)
PATTERNS, CALLS, SLOTS, ESCALATION, FLAG_OR_TEXT = (
    "patterns",
    "calls",
    "slots",
    "escalation",
    "true, false or a name",
)
TURN, WHOLE, BOTH = "turn", "whole", "both"

DECISIONS = ("answer", "clarify", "act", "escalate", "out_of_scope", "not_in_pilot", "with_human")
MODES = ("live", "assist", "shadow")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be expected."""

    kind: str
    scope: str
    help: str
    among: tuple[str, ...] = ()


CHECKS: Mapping[str, Check] = {
    "decision": Check(
        TEXTS, TURN, "What the agent decides; one of several where a list is given.", DECISIONS
    ),
    "reason": Check(TEXTS, TURN, "The reason code of the decision, such as human_request."),
    "intent": Check(TEXT, TURN, "The intent that the message is taken for."),
    "intent_in": Check(TEXTS, TURN, "One of these intents."),
    "fallback": Check(FLAG, TURN, "Whether the classifier is not sure enough."),
    "confidence_at_least": Check(RATIO, TURN, "The classifier is at least so sure."),
    "out_of_scope": Check(FLAG, TURN, "Whether an article says that this is not covered."),
    "mode": Check(TEXT, TURN, "Whether the reply is delivered, awaits a person, or is only drafted.", MODES),
    "reply_contains": Check(TEXTS, TURN, "All of these stand in the reply, in any case."),
    "reply_not_contains": Check(TEXTS, TURN, "None of these stands in the reply."),
    "reply_matches": Check(PATTERNS, TURN, "Each of these patterns (RE2) is found in the reply."),
    "cites": Check(TEXTS, TURN, "The reply rests on one of these articles, by title or number."),
    "cites_nothing": Check(FLAG, TURN, "Whether the reply rests on no article."),
    "flow_step": Check(TEXT, TURN, "The step of the flow that waits for an answer."),
    "missing": Check(TEXTS, TURN, "What the flow still asks for, in this order."),
    "slots": Check(SLOTS, BOTH, "What the flow has understood, by name."),
    "flow_finished": Check(
        FLAG_OR_TEXT, BOTH, "Whether a flow ended well; or the title of the flow that did."
    ),
    "called": Check(
        CALLS, BOTH, "These actions are called, among others; with arguments and times where given."
    ),
    "not_called": Check(TEXTS, BOTH, "None of these actions is called."),
    "escalated": Check(
        ESCALATION, BOTH, "Whether a person takes over; with trigger, kind or reason where given."
    ),
    "replied": Check(FLAG, WHOLE, "Whether the agent itself has answered or acted at least once."),
    "settled_within": Check(COUNT, WHOLE, "Answered, resolved or handed over by this message at the latest."),
}
# The same checks by the names that other products give them.
OTHER_NAMES: Mapping[str, str] = {
    "procedure_finished": "flow_finished",
    "tool_used": "called",
    "ai_replied": "replied",
    "max_steps": "settled_within",
    "handoff_reason": "reason",
}
