"""What a back-test is made of: cases with their facts, and whether a person was needed in truth. Pure.

Truth is what happened, not what a rule says: a ticket was escalated or not, a customer was content or not, a
person kept a handoff or gave it back. Where nothing is known it is None, and the case counts in no error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from escalation.contracts import TurnFacts
from tickets.outcomes import ESCALATED, UNCLASSIFIED

TURN, TICKET = "turn", "ticket"
CONTENT_CSAT, DISCONTENT_CSAT = 4, 2  # of 1 to 5: from here up, and down to here

WHY: Mapping[str, str] = {
    "ticket_escalated": "the ticket was escalated",
    "ticket_not_escalated": "the ticket was settled without an escalation",
    "handoff_resolved": "a person took it over and settled it",
    "handoff_returned": "a person gave it back to the agent",
    "reopened": "the customer came back with it",
    "thumbs_down": "thumbs down",
    "low_csat": "a low CSAT",
    "thumbs_up": "thumbs up",
    "high_csat": "a high CSAT",
    "not_reopened": "the customer did not come back with it",
    "": "not known",
}


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether a person was needed (None: not known), and the sign that says so (a key of WHY)."""

    needed: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One message with all that was known when it came. ``id`` is the turn's or the ticket's."""

    kind: str
    id: int
    facts: TurnFacts
    truth: Truth = Truth()


@dataclass(frozen=True, slots=True)
class Collected:
    """The cases of a window, newest first within their kind; ``state`` changes whenever they do.

    ``tickets`` counts those that could be cases, ``unread`` those of them without facts yet, ``outdated``
    those among the cases whose facts are of an earlier release, index or detector.
    """

    cases: tuple[Case, ...]
    state: str
    tickets: int = 0
    unread: int = 0
    outdated: int = 0
    left_out: int = 0  # older ones, above the limit


@dataclass(frozen=True, slots=True)
class ShownCase:
    """How a page shows a case: the customer's words, when, where in the admin, and its facts if kept."""

    text: str
    at: str
    url: str
    facts: TurnFacts | None = None


def ticket_truth(outcome: str) -> Truth:
    """Return what a ticket's escalation outcome says; passed on to another team is no escalation."""
    if outcome == UNCLASSIFIED or not outcome:
        return Truth()
    return Truth(True, "ticket_escalated") if outcome == ESCALATED else Truth(False, "ticket_not_escalated")


def turn_truth(
    *,
    escalated: bool,
    handoff: str = "",
    rating: str = "",
    csat: int | None = None,
    reopened: bool | None = None,
) -> Truth:
    """Return what became of a turn. The worst sign counts: a thumb up does not undo that it was reopened.

    Of a turn that went to a person only that person's outcome says anything (``handoff``: the handoff's
    state): what the customer thinks afterwards is about the person.
    """
    if escalated:
        known = {
            "resolved": Truth(True, "handoff_resolved"),
            "returned": Truth(False, "handoff_returned"),
        }
        return known.get(handoff, Truth())
    signs: Sequence[tuple[bool, Truth]] = (
        (reopened is True, Truth(True, "reopened")),
        (rating == "down", Truth(True, "thumbs_down")),
        (csat is not None and csat <= DISCONTENT_CSAT, Truth(True, "low_csat")),
        (rating == "up", Truth(False, "thumbs_up")),
        (csat is not None and csat >= CONTENT_CSAT, Truth(False, "high_csat")),
        (reopened is False, Truth(False, "not_reopened")),
    )
    return next((truth for holds, truth in signs if holds), Truth())
