"""What a played scenario leaves: turn by turn, as plain values that are the same each time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

DIGITS = 4


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """One message and what the agent made of it.

    ``slots`` and ``flow_outcome`` are those of the flow after the turn; ``actions`` hold action, arguments,
    state, message and whether the scenario says what becomes of it; ``citations`` article_id and title.
    """

    number: int
    say: str
    reply: str
    decision: str
    reason: str
    mode: str = "live"
    intent: str = ""
    confidence: float | None = None
    is_fallback: bool | None = None
    citations: tuple[Mapping[str, Any], ...] = ()
    options: tuple[str, ...] = ()
    out_of_scope: bool = False
    escalation: Mapping[str, Any] | None = None  # kind, trigger, rule_id, matched_text
    flow: str = ""
    flow_step: str = ""
    flow_outcome: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()
    failed_step: str = ""
    versions: Mapping[str, int | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        content = asdict(self)
        return {
            **content,
            **{name: list(content[name]) for name in ("citations", "options", "missing", "actions")},
            "confidence": None if self.confidence is None else round(self.confidence, DIGITS),
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that was not met; ``step`` 0 is the whole conversation."""

    step: int
    check: str
    expected: str
    got: str

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"Step {self.step}" if self.step else "Conversation"
        return f"{where}, {self.check}: expected {self.expected}, got {self.got}"
