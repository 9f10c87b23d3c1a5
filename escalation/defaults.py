"""The rules and messages that a new workspace starts with. Plain data; escalation.services installs it."""

from __future__ import annotations

from dataclasses import dataclass

from escalation.triggers import (
    ANGER,
    BILLING_DISPUTE,
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HARD,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LEGAL,
    LOW_CONFIDENCE,
    NO_ANSWER,
    REPEATED_FAILURE,
    SOFT,
    STEP_FAILURE,
    TOOL_FAILURE,
)


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule's fields; its parameters are the trigger's defaults."""

    name: str
    kind: str
    trigger: str
    clarify_first: int
    priority: int


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    """A message's fields."""

    reason: str
    body: str
    body_without_wait: str


RULES = (
    DefaultRule("Legal or compliance language", HARD, LEGAL, 0, 1),
    DefaultRule("Billing dispute above 500 USD", HARD, BILLING_DISPUTE, 0, 2),
    DefaultRule("Angry or distressed customer", HARD, ANGER, 0, 3),
    DefaultRule("Two attempts at the same issue have failed", HARD, REPEATED_FAILURE, 0, 4),
    DefaultRule("A step of the agent failed", HARD, STEP_FAILURE, 0, 10),
    DefaultRule("An action in another system failed", HARD, TOOL_FAILURE, 0, 11),
    DefaultRule("A resolution flow ends with a person", HARD, FLOW_ESCALATION, 0, 12),
    DefaultRule("Customer asks for a person", SOFT, HUMAN_REQUEST, 0, 20),
    DefaultRule("Human-only issue", SOFT, HUMAN_ONLY_INTENT, 0, 30),
    DefaultRule("Intent not certain", SOFT, LOW_CONFIDENCE, 1, 40),
    DefaultRule("No good answer in the knowledge base", SOFT, NO_ANSWER, 1, 50),
)

CONTEXT = "They'll have our whole conversation, so you won't need to repeat anything."
WAIT = "Typical wait time is under {wait_minutes} minutes."
NO_WAIT = "The next available specialist will reply here as soon as possible."


def _template(reason: str, opening: str) -> DefaultTemplate:
    return DefaultTemplate(reason, f"{opening} {CONTEXT} {WAIT}", f"{opening} {CONTEXT} {NO_WAIT}")


TEMPLATES = (
    _template("", "I'm connecting you with a support specialist who can help with this."),
    _template(HUMAN_REQUEST, "Of course: I'm connecting you with a support specialist."),
    _template(
        LEGAL,
        "Thank you for telling us. This is for our team: I'm connecting you with a support specialist now.",
    ),
    _template(
        BILLING_DISPUTE,
        "I understand this is about a charge you don't agree with. I'm connecting you with a specialist who "
        "can look into it.",
    ),
    _template(
        ANGER,
        "I'm sorry for the trouble this has caused you. I'm connecting you with a support specialist right "
        "away.",
    ),
    _template(
        REPEATED_FAILURE,
        "I'm sorry that I haven't been able to solve this. I'm connecting you with a support specialist.",
    ),
    _template(
        HUMAN_ONLY_INTENT,
        "This is something our team handles personally: a support specialist will take over.",
    ),
    _template(
        FLAGGED_CATEGORY,
        "This often needs a closer look from our team, so I'm connecting you with a support specialist.",
    ),
    _template(
        LOW_CONFIDENCE,
        "I want to be sure you get the right help, so I'm connecting you with a support specialist.",
    ),
    _template(
        NO_ANSWER, "I don't have a reliable answer to this, so I'm connecting you with a support specialist."
    ),
    _template(
        STEP_FAILURE,
        "Something went wrong on my side, I'm sorry. I'm connecting you with a support specialist.",
    ),
    _template(
        TOOL_FAILURE,
        "I couldn't finish that in our systems, I'm sorry. I'm connecting you with a support specialist.",
    ),
    _template(
        FLOW_ESCALATION,
        "Thank you for the details. A support specialist will take it from here.",
    ),
)

# Said where no template is stored, or none can be read: a customer is never handed over in silence.
PLAIN_MESSAGE = (
    "I'm connecting you with a support specialist who can help with this. They'll have our whole "
    "conversation, so you won't need to repeat anything. The next available specialist will reply here as "
    "soon as possible."
)
