"""What each move of a pilot means to customers, in words for pages. Pure; decides nothing."""

from __future__ import annotations

from runtime.placement import ASSIST, CHANNEL, FULL, LIMITED, SHADOW

NAMES = {SHADOW: "Shadow", ASSIST: "Assist", LIMITED: "Limited", FULL: "Full"}
SHORT = {
    SHADOW: "The agent drafts, nothing is sent.",
    ASSIST: "People send what they approve.",
    LIMITED: "A share of the customers gets replies at once.",
    FULL: "All of the scope gets replies at once.",
}
OUTSIDE = "Everything else stays with your people: outside of the pilots the agent is silent."


def scope_words(kind: str, value: str) -> str:
    """Return the scope as the end of a sentence; ``value`` is the channel or the category's name."""
    return f"the channel “{value}”" if kind == CHANNEL else f"the ticket category “{value}”"


def stage_effect(stage: str, scope: str, percent: int) -> str:
    """Return what customers of the scope notice from their next message on."""
    return {
        SHADOW: f"From the next message on the agent drafts replies for {scope} and nobody gets them: your "
        "people answer as before. Nothing is sent, no action is done, nobody is handed over.",
        ASSIST: f"From the next message on customers of {scope} get what a person has approved or edited at "
        "the review desk, and nothing before. Escalations call a person at once; actions are only shown.",
        LIMITED: f"From the next message on {percent} % of the customers of {scope}, always the same ones, "
        "get replies at once, which nobody has read before. For the others a person approves each reply.",
        FULL: f"From the next message on all customers of {scope} get replies at once, which nobody has "
        "read before.",
    }[stage]


def start_effect(scope: str) -> str:
    """Return what the start of a pilot does."""
    return f"{stage_effect(SHADOW, scope, 0)} {OUTSIDE} Scope, targets and the figures before AI are locked."


def halted_state(scope: str) -> str:
    """Return what holds while a pilot is stopped."""
    return (
        f"The agent takes no part in {scope}: no draft, no reply, no action. People have every conversation."
    )


def end_effect(scope: str, opens_to_all: bool) -> str:
    """Return what the end of a pilot does."""
    if opens_to_all:
        return (
            "No other pilot runs. Without one nothing is limited: from the next message on the agent answers "
            "every customer on every channel at once. If you want it to be silent, press “Stop now” instead."
        )
    return (
        f"The pilot is over for good; drafts, reviews and figures stay. {scope[:1].upper()}{scope[1:]} "
        "belongs to your people alone."
    )
