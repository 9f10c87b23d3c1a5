"""What the results of a replay say together: shares, agreement with what happened, flips. Pure.

What the model has seen in training has no part in any share. People answered these tickets, not the agent: a
replay tells what it would have done and how far that agrees with them, not whether a customer was content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.proportions import Share

ESCALATE = "escalate"
DECISIONS = {
    "answer": "Answered from an article",
    "act": "Led through a flow",
    "clarify": "Asked back",
    "escalate": "Passed to a person",
    "out_of_scope": "Said that an article excludes it",
}
AGREEMENTS = {
    "understood": "Intent certain enough to be acted on",
    "intent_right": "Intent is one that the ticket's category is mapped to",
    "escalation_agrees": "Passed to a person exactly where people escalated",
    "over": "Passed to a person although people did not escalate",
    "under": "Not passed to a person although people escalated",
}
UNSEEN, NEWER = "unseen", "newer"
GROUPS = {
    UNSEEN: "Tickets that the model has not learned from",
    NEWER: "Of these, opened after every ticket it has learned from",
}


class Result(Protocol):
    """What is read of a replayed ticket."""

    @property
    def ticket_id(self) -> int: ...

    decision: str
    reason: str
    intent: str
    confidence: float | None
    is_fallback: bool | None
    rule_trigger: str
    rule_id: int | None
    article_id: int | None
    anchor: str
    actions: Any
    failed_step: str
    expected: Any
    needed: bool | None
    seen: bool
    newer: bool


@dataclass(frozen=True, slots=True)
class Flip:
    """A ticket with which two runs did something else; ``better`` by what is known of it, None: unknown."""

    ticket_id: int
    before: Any
    after: Any
    better: bool | None


def results_digest(bundle: Mapping[str, Any], results: Iterable[Result]) -> str:
    """Return the sha256 of what the agent did with each ticket, in order, under these versions."""
    found = hashlib.sha256(json.dumps(bundle, sort_keys=True).encode())
    for row in results:
        done = [
            *(row.ticket_id, row.decision, row.reason, row.intent, row.confidence, row.is_fallback),
            *(row.rule_trigger, row.rule_id, row.article_id, row.anchor, list(row.actions), row.failed_step),
        ]
        found.update(json.dumps(done).encode())
    return found.hexdigest()


def summary_of(results: Sequence[Result]) -> dict[str, Any]:
    """Return the parts and wholes of every share, by group, as JSON can keep them."""
    unseen = [row for row in results if not row.seen]
    groups = {UNSEEN: unseen, NEWER: [row for row in unseen if row.newer]}
    return {
        name: {key: [s.part, s.whole] for key, s in _shares(rows).items()} for name, rows in groups.items()
    }


def shares_of(summary: Mapping[str, Any], group: str) -> dict[str, Share]:
    """Return the shares of one group of a summary."""
    return {key: Share(*parts) for key, parts in summary.get(group, {}).items()}


def agrees_with_people(row: Result) -> bool | None:
    """Tell whether the agent passed the ticket on exactly if people escalated it; None: nobody knows."""
    return None if row.needed is None else (row.decision == ESCALATE) == row.needed


def intent_is_right(row: Result) -> bool | None:
    """Tell whether the top intent is one that the ticket's category is mapped to; None: it is to none."""
    return row.intent in row.expected if row.expected else None


def flips_between(before: Sequence[Result], after: Sequence[Result]) -> list[Flip]:
    """Return the tickets of both runs with which they did something else, in the order of ``after``.

    Tickets that either model has seen in training are left out.
    """
    known = {row.ticket_id: row for row in before if not row.seen}
    return [
        Flip(row.ticket_id, known[row.ticket_id], row, _better(known[row.ticket_id], row))
        for row in after
        if not row.seen and row.ticket_id in known and _did(known[row.ticket_id]) != _did(row)
    ]


def _did(row: Result) -> tuple[Any, ...]:
    return row.decision, row.intent, row.is_fallback, row.article_id


def _better(before: Result, after: Result) -> bool | None:
    """Compare by the intent where it is known to be right or wrong, else by the escalation."""
    for judge in (intent_is_right, agrees_with_people):
        one, other = judge(before), judge(after)
        if one is not None and other is not None and one != other:
            return other
    return None


def _shares(rows: Sequence[Result]) -> dict[str, Share]:
    n = len(rows)
    mapped = [right for row in rows if (right := intent_is_right(row)) is not None]
    known = [row for row in rows if row.needed is not None]
    needed = [row for row in known if row.needed]
    others = [row for row in known if not row.needed]
    return {
        **{name: Share(sum(row.decision == name for row in rows), n) for name in DECISIONS},
        "understood": Share(sum(row.is_fallback is False for row in rows), n),
        "intent_right": Share(sum(mapped), len(mapped)),
        "escalation_agrees": Share(sum(bool(agrees_with_people(row)) for row in known), len(known)),
        "over": Share(sum(row.decision == ESCALATE for row in others), len(others)),
        "under": Share(sum(row.decision != ESCALATE for row in needed), len(needed)),
    }
