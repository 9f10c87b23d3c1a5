"""Two wishes in one message: which of the two decisions leads the turn, and what else can be said. Pure.

Where the classifier sees two clear intents in a message, each part is decided on by itself. The more urgent
decision is the turn's; a question or a person always stands last in the reply. Decides neither where a
message is cut (intents.segments) nor what a part gets (escalation.engine).
"""

from __future__ import annotations

from collections.abc import Sequence

from escalation import engine
from escalation.contracts import Decision
from escalation.triggers import HARD, HUMAN_REQUEST
from intents.contracts import Classification, Segment

# From the most urgent: a person is brought in whatever the other part got, a question must be the last word.
URGENCY: Sequence[str] = (
    engine.ESCALATE,
    engine.ACT,
    engine.CLARIFY,
    engine.ANSWER,
    engine.OUT_OF_SCOPE,
)
SAID_FIRST = frozenset({engine.ANSWER, engine.OUT_OF_SCOPE})
LATER = "You also asked about “{label}”. Once this is settled, just ask me again."


def two_wishes(found: Classification) -> tuple[Segment, Segment] | None:
    """Return the first two parts of a message that mean different things, or None: it has one wish."""
    return (found.segments[0], found.segments[1]) if len(found.segments) > 1 else None


def leads(first: Decision, second: Decision) -> bool:
    """Tell whether the second part's decision is the turn's; of two equally urgent ones the first is."""
    return URGENCY.index(second.action) < URGENCY.index(first.action)


def is_final(decision: Decision) -> bool:
    """Tell whether nothing else may be said: a hard rule has fired, or the customer wants a person now."""
    rule = decision.escalation
    escalates = decision.action == engine.ESCALATE and rule is not None
    return escalates and rule is not None and (rule.kind == HARD or rule.trigger == HUMAN_REQUEST)


def is_said_first(other: Decision) -> bool:
    """Tell whether what the other part got can stand before the turn's own words."""
    return other.action in SAID_FIRST


def put_off(leading: Decision, other: Decision, label: str) -> str:
    """Return a sentence on the part that has to wait, or "": it is answered, or a person sees all of it."""
    waits = other.action not in SAID_FIRST and leading.action != engine.ESCALATE
    # The label is a person's words, not a format string's: replaced, never expanded.
    return LATER.replace("{label}", label) if waits else ""
