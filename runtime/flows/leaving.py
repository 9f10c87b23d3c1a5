"""Whether a message answers a flow's question, calls the flow off, or changes the subject. Pure."""

from __future__ import annotations

import re
from datetime import date

from runtime.flows import slot_types
from runtime.flows.definition import Collect, Confirm, Flow
from runtime.flows.slots import find, yes_or_no

# What a message is to the question that was asked.
ANSWER, WORDY, NO_ANSWER, CANCEL = "answer", "wordy", "no_answer", "cancel"
FEW_WORDS = 4  # beside the value: "my e-mail is", "it was on", "sure, thanks a lot"
SHORT_ANSWER = 8
CANCELS = re.compile(
    r"^\W*(?:(?:please|ok|okay|oh|actually|no|hm+|sorry|let'?s|just)\W+)*"
    r"(?:cancel|stop|quit|abort|exit|never ?mind|forget (?:it|that|about (?:it|that))|drop it|"
    r"leave it|(?:it'?s )?no longer needed|not needed any ?more|i(?:'ve| have)? changed my mind)"
    r"(?:\W+(?:it|this|that|please|now|then|thanks|thank you|here))*\W*$",
    re.IGNORECASE,
)
SWITCHES = re.compile(
    r"\b(?:instead|(?:different|another|other|separate|new|unrelated) (?:question|thing|topic|issue|problem|"
    r"matter)|something else|forget (?:it|that|about)|never ?mind|by the way|actually,? (?:i|can|how|where|"
    r"what|my))\b",
    re.IGNORECASE,
)
WORD = re.compile(r"\w[\w'’-]*")


def message_kind(flow: Flow, step_id: str, text: str, *, today: date) -> str:
    """Return ANSWER, WORDY (an answer with more words than it needs), NO_ANSWER or CANCEL."""
    step = flow.by_id.get(step_id)
    if isinstance(step, Collect):
        kind = _of_value(step, text, today)
        is_value = kind != NO_ANSWER and step.spec.type == slot_types.CHOICE
        return CANCEL if cancels(text) and not is_value else kind
    if isinstance(step, Confirm):
        if cancels(text):
            return CANCEL
        if yes_or_no(text) is None:
            return NO_ANSWER
        return ANSWER if len(WORD.findall(text)) <= SHORT_ANSWER else WORDY
    return ANSWER  # an interrupted action is finished first, whatever is said


def cancels(text: str) -> bool:
    """Tell whether the whole message calls the matter off ("cancel my plan" does not)."""
    return CANCELS.match(text.replace("’", "'")) is not None


def switches(text: str) -> bool:
    """Tell whether the words announce another subject."""
    return SWITCHES.search(text.replace("’", "'")) is not None


def _of_value(step: Collect, text: str, today: date) -> str:
    found = find(text, step.spec, today=today, asked=True)
    if not found:
        return NO_ANSWER
    if step.spec.type == slot_types.TEXT:
        return WORDY
    rest = text[: found[0].start] + " " + text[found[0].end :]
    return ANSWER if len(WORD.findall(rest)) <= FEW_WORDS else WORDY
