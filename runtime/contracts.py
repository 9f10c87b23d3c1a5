"""What goes into a turn and what comes out, for everyone who takes one: API, demo chat, Playground, pilot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

MAX_TEXT_CHARACTERS = 4_000
MAX_TURNS = 200  # per conversation; bounds every transcript and packet
MAX_MESSAGES = 500  # per handoff, of people and customer together


@dataclass(frozen=True, slots=True)
class Customer:
    """Who is served. The facets count as an audience only where ``verified``: said by one who may know.

    ``locale`` (BCP 47) is only the language of handoff messages and a condition of routing: no audience.
    """

    external_id: str = ""
    user_type: str = ""
    tier: str = ""
    verified: bool = False
    locale: str = ""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One message of a customer; without a conversation a new one begins.

    ``retry_key`` is the same for every try of the same request: it keeps the actions of a flow that an
    opening message begins from being repeated. Without ``may_deliver`` nobody can hand the reply to the
    customer: such a message is only taken where a person reviews what is drafted.
    """

    text: str
    conversation_id: UUID | None = None
    channel: str = "api"
    customer: Customer = field(default_factory=Customer)
    page: str = ""
    retry_key: str = ""
    may_deliver: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the pipeline as it went: milliseconds, the error's name if it failed, what it found."""

    name: str
    ms: float
    error: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnResult:
    """A turn as it is answered; ``as_json`` is the body of POST /api/v1/turns. Ids are None in a preview."""

    conversation_id: UUID | None
    turn_id: int | None
    decision: str
    reason: str
    mode: str
    delivered: bool
    reply: str
    intent: str
    confidence: float | None
    is_fallback: bool | None
    citations: tuple[Mapping[str, Any], ...]
    options: tuple[Mapping[str, str], ...]
    out_of_scope: Mapping[str, Any] | None
    escalation: Mapping[str, Any] | None
    handoff_id: int | None
    versions: Mapping[str, int | None]
    timings_ms: Mapping[str, float]
    flow: Mapping[str, Any] | None = None
    actions: tuple[Mapping[str, Any], ...] = ()
    also: Mapping[str, str] | None = None  # the other of two wishes in the message

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values; flow and actions are empty where none ran."""
        flow = self.flow or {}
        return {
            "conversation_id": None if self.conversation_id is None else str(self.conversation_id),
            "turn_id": self.turn_id,
            "decision": self.decision,
            "reason": self.reason,
            "mode": self.mode,
            "delivered": self.delivered,
            "reply": self.reply,
            "intent": self.intent or None,
            "confidence": self.confidence,
            "is_fallback": self.is_fallback,
            "also": None if self.also is None else dict(self.also),
            "citations": [dict(citation) for citation in self.citations],
            "options": [dict(option) for option in self.options],
            "out_of_scope": None if self.out_of_scope is None else dict(self.out_of_scope),
            "flow": {"step": flow.get("step"), "missing": list(flow.get("missing", ()))},
            "actions": [dict(action) for action in self.actions],
            "escalation": None if self.escalation is None else dict(self.escalation),
            "handoff_id": self.handoff_id,
            "versions": dict(self.versions),
            "timings_ms": dict(self.timings_ms),
        }


@dataclass(frozen=True, slots=True)
class TurnPreview:
    """A turn that was only tried: result, steps with their details, and the packet a person would get.

    ``flow`` is where a flow waits for the next message: give it to the next preview.
    """

    result: TurnResult
    steps: tuple[Step, ...]
    packet: Mapping[str, Any] | None
    flow: Mapping[str, Any] | None = None
