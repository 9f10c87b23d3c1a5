"""A handoff as it is told to other systems, and what a system must be able to do to be told of one.

Adapters make the exact payload of a ``HandoffNotice``; sending it is integrations.outgoing's contract. Which
destination is told of what, and when, is runtime.delivery's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from integrations.outgoing import Json, Performable

QUEUED, ACCEPTED, RESOLVED, RETURNED = "queued", "accepted", "resolved", "returned"
EVENTS = (QUEUED, ACCEPTED, RESOLVED, RETURNED)
TOLD = {
    QUEUED: "waits for a person",
    ACCEPTED: "was accepted",
    RESOLVED: "was resolved",
    RETURNED: "was returned to the agent",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of the conversation; ``role`` is customer or agent."""

    role: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class HandoffNotice:
    """What is told. All texts are as typed: whoever sends them makes them harmless for the system.

    - ``at``: ISO time of the event; ``url``: the handoff's page here, empty where our address is not known.
    - ``opening``: the customer's message that led here; ``facts``: label and value, for people of the team.
    - ``email``: of a customer who is verified, or empty.
    - ``earlier``: what the system said when it was told that this handoff was queued (thread, ticket).
    """

    event: str
    handoff_id: int
    conversation_id: str
    at: str
    url: str
    reason: str
    reason_label: str
    opening: str
    facts: tuple[tuple[str, str], ...] = ()
    transcript: tuple[Spoken, ...] = ()
    email: str = ""
    by: str = ""
    note: str = ""
    packet: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)
    is_test: bool = False

    @property
    def title(self) -> str:
        """One line: what it is, why, and the customer's message."""
        test = "[Test] " if self.is_test else ""
        return f"{test}Handoff {self.handoff_id}: {self.reason_label}: {self.opening}"


class HandoffOperation(Performable, Protocol):
    """How one system is told of handoffs; ``events`` are those that it can be told of.

    ``repeats_refused``: what it has refused may be accepted later as it is (a webhook that is being
    deployed).

    Where it was done, ``external_id`` and ``external_url`` in the outcome's data say what was made there.
    """

    @property
    def events(self) -> tuple[str, ...]: ...
    @property
    def repeats_refused(self) -> bool: ...

    def prepare_notice(self, notice: HandoffNotice, *, settings: Json, base_url: str, key: str) -> Json:
        """Return the payload: method, url and body. Raises InvalidInput where a setting is missing."""
        ...
