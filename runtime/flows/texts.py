"""Fill values into a flow's texts, and the agent's own words where a flow has none. Pure.

A value is data: in a reply it can make no link, no code and no further placeholder; as an argument of an
action it is passed as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from runtime.flows import slot_types
from runtime.flows.definition import PLACEHOLDER

MARKDOWN = re.compile(r"([\\\[\]<>*`])")
MISSING = "–"  # where an action did not give what it usually gives
INVALID: Mapping[str, str] = {
    slot_types.EMAIL: "I couldn't find an e-mail address in that. It looks like name@company.com.",
    slot_types.REFERENCE: "I couldn't find a number like INV-1234 in that.",
    slot_types.AMOUNT: "I couldn't find an amount in that. Please write it like 49.90 EUR.",
    slot_types.DATE: "I'm not sure which day that is. Please write it like 2026-03-31 or 31 March.",
    slot_types.CHOICE: "I couldn't match that. Please choose one of: {choices}.",
    slot_types.YES_NO: "Please answer with yes or no.",
    slot_types.PHONE: "I couldn't find a phone number in that. Please write it with the country code, like "
    "+44 20 7946 0958.",
    slot_types.TEXT: "Please write a few words about it.",
}
DONE = "That's done. Is there anything else?"
CANCELLED = "All right, I've stopped here. What else can I help you with?"


def reply_text(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text for the customer with every placeholder filled in, as Markdown."""
    return PLACEHOLDER.sub(lambda found: _shown(value_of(found[1])), text)


def argument_text(text: str, value_of: Callable[[str], str]) -> str:
    """Return an argument of an action with every placeholder filled in, as it is."""
    return PLACEHOLDER.sub(lambda found: value_of(found[1]), text).strip()


def invalid_text(kind: str, choices: tuple[str, ...]) -> str:
    """Return what is said where no value was found and the flow has no words for it."""
    return INVALID[kind].replace("{choices}", ", ".join(choices))


def own_words() -> dict[str, str]:
    """Return the agent's own words by their occasion."""
    asked = {f"Asks again: {slot_types.SLOT_TYPES[kind]}": text for kind, text in INVALID.items()}
    return {**asked, "A flow is called off": CANCELLED, "A flow ends without a word": DONE}


def _shown(value: str) -> str:
    return MARKDOWN.sub(r"\\\1", " ".join(value.split())) or MISSING
