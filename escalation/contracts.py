"""What crosses the border of the escalation app: facts in, decision out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money as the customer wrote it: ``minor`` in the currency's smallest unit (cents).

    ``currency`` is an ISO 4217 code, or empty where the text does not say which one.
    """

    minor: int
    currency: str
    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """How strongly a message says what ``trigger`` listens for, in [0, 1], and by which words."""

    trigger: str
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """All that is known of a turn when it is decided. A failed step leaves its name in ``failed_step``.

    ``pending_trigger`` is the trigger whose clarifying question the customer has just answered, with the
    evidence of that time in ``pending_text``. ``earlier_human_requests`` counts the turns of the whole
    conversation, before this one, in which the customer asked for a person.

    ``flow`` is what the intent's resolution flow has come to: "" (there is none), ``offered`` (it would begin
    now), ``running`` (it goes on), ``resolved``, ``cancelled`` (by the customer), ``escalated`` or
    ``tool_failure``.

    ``signs`` are what was sensed in the words beyond lists of terms (escalation.sensing). ``failed_attempts``
    counts the attempts at this issue that have failed so far (escalation.attempts), and ``failed_text`` is
    what the customer says about the last one, if anything.

    ``user_type`` and ``tier`` are empty unless they were said by one who may know. ``at`` is the moment of
    the turn in ISO 8601 with its offset. ``amounts`` are the sums of money that the text names.
    """

    text: str
    intent: str = ""
    intent_resolution: str = ""
    intent_category: int | None = None  # the category of the audit that the intent comes from
    confidence: float = 0.0
    threshold: float = 1.0
    margin: float = 0.0
    is_fallback: bool = True
    alternatives: tuple[str, ...] = ()
    answer_score: float = 0.0  # of the best retrieved section, in [0, 1]; 0 without one
    out_of_scope: bool = False
    clarifications_used: int = 0
    pending_trigger: str = ""
    pending_text: str = ""
    earlier_human_requests: int = 0
    failed_step: str = ""
    flow: str = ""
    channel: str = ""
    user_type: str = ""
    tier: str = ""
    page: str = ""
    at: str = ""
    amounts: tuple[Amount, ...] = ()
    signs: tuple[Sign, ...] = ()
    failed_attempts: int = 0
    failed_text: str = ""

    def sign(self, trigger: str) -> Sign:
        """Return what was sensed for ``trigger``; a score of 0 where nothing was."""
        return next((sign for sign in self.signs if sign.trigger == trigger), Sign(trigger, 0.0, ""))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> TurnFacts:
        """Return facts as ``dataclasses.asdict`` and JSON have left them; what is missing has its default."""
        amounts = tuple(Amount(**amount) for amount in stored.get("amounts", ()))
        alternatives = tuple(stored.get("alternatives", ()))
        signs = tuple(Sign(**sign) for sign in stored.get("signs", ()))
        return cls(**{**stored, "alternatives": alternatives, "amounts": amounts, "signs": signs})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as it stood in its version; ``parameters`` are the trigger's settings.

    ``conditions`` (escalation.conditions) limit it to some turns; without any it is asked in every turn.
    """

    id: int
    version: int
    name: str
    kind: str  # "hard" | "soft"
    trigger: str
    clarify_first: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The live versions of the enabled rules in the order in which they are asked."""

    version: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Which rule fired; ``matched_text`` is the evidence in the customer's words, if there is any.

    ``rule_id`` is None where no rule covers the case and the engine plays safe by itself.
    """

    kind: str
    trigger: str
    rule_id: int | None
    rule_version: int | None
    matched_text: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the agent does: answer, clarify (between ``options``, if any), escalate or out_of_scope.

    ``escalation`` names the rule behind an escalate, and behind a clarify that this rule allows first.
    ``fault`` says which rule could not be asked and why, where one failed.
    """

    action: str
    reason: str
    escalation: Escalation | None = None
    options: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one template."""

    reason: str
    tier: str
    locale: str
    body: str
    body_without_wait: str = ""
    body_off_hours: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the team when the customer is handed over.

    ``wait_seconds`` is the honest estimate, or None. Off hours no wait is told; ``opens_at`` is then the
    next opening on the team's clock, or None where none is in sight, and ``now`` is when it is said.
    ``asks_for_email`` adds the one question for an address.
    """

    wait_seconds: int | None = None
    off_hours: bool = False
    opens_at: datetime | None = None
    now: datetime | None = None
    time_zone: str = "UTC"
    asks_for_email: bool = False
