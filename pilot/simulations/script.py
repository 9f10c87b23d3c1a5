"""A scenario as it is written: what a customer says step by step, what is pretended, what is expected. Pure.

    name: A refund that a person must approve
    channel: email
    customer: {user_type: admin, tier: pro}
    mocks:
      stripe_find_invoice: {outcome: succeeds, data: {invoice_status: paid}}
      linear_create_issue: [fails, succeeds]       # the first call fails, the second succeeds
    steps:
      - say: My invoice INV-204 is wrong
        expect: {decision: act, intent: billing_inquiry, called: stripe_find_invoice}
    expect: {escalated: false, settled_within: 3}

Reading is strict: what is not understood is a problem with its line, never skipped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MAX_STEPS, MAX_SAY, MAX_NAME, MAX_TAGS, MAX_MOCKS = 50, 4_000, 120, 12, 30
SUCCEEDS, FAILS, UNKNOWN, TIMES_OUT = "succeeds", "fails", "unknown", "times_out"
OUTCOMES = (SUCCEEDS, FAILS, UNKNOWN, TIMES_OUT)
UNRESTRICTED, PILOTS = "live", "pilots"
PLACES = (UNRESTRICTED, PILOTS)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a scenario that cannot be meant; ``line`` 0 where it has none."""

    line: int
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return it for a page."""
        return {"line": self.line, "message": self.message}

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


@dataclass(frozen=True, slots=True)
class Mock:
    """What becomes of the calls of one action: an outcome for each call, the last for all that follow."""

    outcomes: tuple[str, ...] = (SUCCEEDS,)
    data: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        outcome = self.outcomes[0] if len(self.outcomes) == 1 else list(self.outcomes)
        return _without_empty({"outcome": outcome, "data": dict(self.data), "message": self.message})


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One message, and what is expected of the answer: (check, value) in the order written."""

    say: str
    expect: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return _without_empty({"say": self.say, "expect": dict(self.expect)})


@dataclass(frozen=True, slots=True)
class Script:
    """A whole scenario. ``place`` pilots: as the running pilots would have it; ``at``: when it happens."""

    name: str
    steps: tuple[ScriptStep, ...]
    description: str = ""
    note: str = ""  # an outcome in prose: for people, checked by nothing
    channel: str = "simulation"
    page: str = ""
    place: str = UNRESTRICTED
    at: datetime | None = None
    customer: Mapping[str, str] = field(default_factory=dict)
    mocks: Mapping[str, Mock] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def check_count(self) -> int:
        """How many expectations it has."""
        return len(self.expect) + sum(len(step.expect) for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and exported: what is as usual is left out."""
        written = {
            "name": self.name,
            "description": self.description,
            "note": self.note,
            "tags": list(self.tags),
            "channel": self.channel if self.channel != "simulation" else "",
            "page": self.page,
            "place": self.place if self.place != UNRESTRICTED else "",
            "at": self.at.isoformat() if self.at else "",
            "customer": dict(self.customer),
            "mocks": {slug: mock.as_json() for slug, mock in self.mocks.items()},
            "steps": [step.as_json() for step in self.steps],
            "expect": dict(self.expect),
        }
        return _without_empty(written)

    @property
    def sha256(self) -> str:
        """Return the hash of its content, the same however it was written."""
        return definition_hash(self.as_json())


def definition_hash(definition: Mapping[str, Any]) -> str:
    """Return the hash of a stored definition."""
    text = json.dumps(definition, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", [], {}, None)}
