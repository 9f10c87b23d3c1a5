"""Count the agent's failed attempts at the issue of a message, from the conversation's turns. Pure.

An *attempt* is a turn that was meant to settle something: an answer, or a flow that came to its end. A
clarifying question, a step within a flow, a refusal for scope and a flow that the customer cancelled are
none.

An attempt at an intent *fails*, once, when
- the customer says of it, in the next message, that it has not helped;
- it gets a thumb down; or
- a later message comes back with the same intent, and not to say that it has helped.

The *issue* of a message is its intent. Where none is certain, or where the message says that something has
not helped and nothing was tried for its intent yet, it is the intent of the last attempt. Attempts at other
intents never count. A restart loses nothing: all of it is read from stored turns. Decides no limit (the
rule's setting) and nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from escalation.terms import term_find, term_list

WORDS_FILE = Path(__file__).parent / "data" / "failed_attempt.toml"
ATTEMPTS = frozenset({("answer", "answered"), ("act", "flow_resolved")})  # decision and reason of a turn


@dataclass(frozen=True, slots=True)
class EarlierTurn:
    """What counts of an earlier turn; ``intent`` is empty where none was certain."""

    text: str
    intent: str
    decision: str
    reason: str
    thumbs_down: bool = False

    @property
    def is_attempt(self) -> bool:
        """Whether the turn was meant to settle the issue."""
        return (self.decision, self.reason) in ATTEMPTS and bool(self.intent)


@dataclass(frozen=True, slots=True)
class FailedAttempts:
    """How many attempts at the message's issue have failed, and the words that say so, if any do."""

    count: int
    intent: str
    text: str


def failure_find(text: str) -> str | None:
    """Return the customer's words that say an attempt has not helped, or None."""
    return term_find(text, WORDS)


def failed_attempts(
    earlier: Sequence[EarlierTurn], *, text: str, intent: str, in_flow: bool = False
) -> FailedAttempts:
    """Count the failed attempts at the issue of ``text``, which follows the ``earlier`` turns, oldest first.

    ``intent`` is empty where none is certain. Within a flow (``in_flow``) the words answer its question, so
    they say nothing of the last attempt.
    """
    said = None if in_flow else failure_find(text)
    tried = [turn.intent for turn in earlier if turn.is_attempt]
    issue = intent
    if tried and (not intent or (said is not None and intent not in tried)):
        issue = tried[-1]
    messages = [*earlier, EarlierTurn(text, issue if said is not None else intent, "", "")]
    failed = sum(
        _has_failed(turn, messages[place + 1 :])
        for place, turn in enumerate(earlier)
        if turn.is_attempt and turn.intent == issue
    )
    return FailedAttempts(failed, issue, said or "")


def _has_failed(attempt: EarlierTurn, later: Sequence[EarlierTurn]) -> bool:
    if attempt.thumbs_down or failure_find(later[0].text) is not None:
        return True
    return any(turn.intent == attempt.intent and not is_thanks(turn.text) for turn in later)


def is_thanks(text: str) -> bool:
    """Tell whether a message says that it helped, and nothing of a failure."""
    return term_find(text, THANKS) is not None and failure_find(text) is None


with WORDS_FILE.open("rb") as _file:
    _ENTRIES: dict[str, dict[str, list[str]]] = tomllib.load(_file)
WORDS, THANKS = (
    term_list(
        [term for entry in _ENTRIES.values() for term in entry[name]],
        [exception for entry in _ENTRIES.values() for exception in entry["exceptions"]],
    )
    for name in ("terms", "thanks")
)
