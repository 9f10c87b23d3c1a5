"""Facts kept without a customer's words: where the words stood in the message, not what they were. Pure.

Signs, sums and failed attempts quote the message. A copy of it must not outlive the message, so a quotation
is kept as its place and read again from the message itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from escalation.contracts import TurnFacts

UNPLACED = "…"  # a quotation that is not in the message letter by letter, such as a disguised one


def words_left_out(facts: TurnFacts) -> dict[str, Any]:
    """Return the facts as JSON without the message and with the places of its quotations."""
    kept = _quotations_of(asdict(facts), lambda words: _place(words, facts.text))
    del kept["text"]
    return kept


def words_put_back(kept: Mapping[str, Any], text: str) -> TurnFacts:
    """Return the facts that ``words_left_out`` has kept of a message."""
    return TurnFacts.from_json({**_quotations_of(kept, lambda place: _words(place, text)), "text": text})


def _quotations_of(facts: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        **facts,
        "signs": [{**sign, "text": change(sign["text"])} for sign in facts.get("signs", ())],
        "amounts": [{**amount, "text": change(amount["text"])} for amount in facts.get("amounts", ())],
        "failed_text": change(facts.get("failed_text", "")),
    }


def _place(words: str, text: str) -> list[int]:
    """Return begin and end of the words; nothing for no words, a begin of -1 where they are not found."""
    if not words:
        return []
    begin = text.find(words)
    return [begin, begin + len(words)]


def _words(place: Any, text: str) -> str:
    if not place:
        return ""
    begin, end = place
    return text[begin:end] if begin >= 0 else UNPLACED
