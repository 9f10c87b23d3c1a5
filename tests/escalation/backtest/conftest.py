"""Cases as a back-test's source gives them, made up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from escalation.backtest import ports, preview
from escalation.backtest.cases import TICKET, TURN, Case, Collected, ShownCase, Truth
from escalation.contracts import TurnFacts

GOOD = TurnFacts(
    text="How do I export my data?",
    intent="data_export",
    intent_resolution="ai_resolvable",
    confidence=0.9,
    threshold=0.5,
    margin=0.6,
    is_fallback=False,
    alternatives=("billing",),
    answer_score=0.8,
)
RIGHT, WRONG = Truth(False, "ticket_not_escalated"), Truth(True, "ticket_escalated")


def case(number: int, confidence: float, truth: Truth = RIGHT, kind: str = TICKET, **facts: Any) -> Case:
    """Return a case of so much confidence."""
    return Case(kind, number, replace(GOOD, confidence=confidence, **facts), truth)


@dataclass
class Source:
    """Knows the cases that a test gives it."""

    cases: tuple[Case, ...] = ()
    unread: int = 0
    minutes: float | None = None
    reads: list[int] = field(default_factory=list)

    def state(self, days: int) -> str:
        return repr((self.cases, days))

    def collect(self, *, days: int, kinds: Collection[str], limit: int) -> Collected:
        found = tuple(one for one in self.cases if one.kind in kinds)
        return Collected(
            found[:limit],
            self.state(days),
            tickets=len(found) + self.unread,
            unread=self.unread,
            left_out=max(0, len(found) - limit),
        )

    def read_tickets(self, *, days: int, limit: int, progress: Any) -> Mapping[str, Any]:
        self.reads.append(limit)
        return {}

    def shown(self, keys: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], ShownCase]:
        return {
            (one.kind, one.id): ShownCase(
                one.facts.text, "2026-01-02", f"/case/{one.kind}/{one.id}", one.facts
            )
            for one in self.cases
            if (one.kind, one.id) in keys
        }

    def handling_minutes(self) -> float | None:
        return self.minutes


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    """Offer six cases: four of little confidence, of which two needed a person, one turn, one wish."""
    made = Source(
        (
            case(1, 0.55, WRONG, text="My <b>invoice</b> does not open"),
            case(2, 0.60, WRONG),
            case(3, 0.65),
            case(4, 0.95),
            case(5, 0.58, Truth(), TURN, text="Where is the export?"),
            case(6, 0.95, WRONG, text="I want a human now"),
        )
    )
    monkeypatch.setattr(ports, "_sources", [made])
    for name in ("_cases", "_rulings", "_curves"):
        monkeypatch.setattr(preview, name, preview._Kept(8))
    return made
