"""Ten thousand decisions on made-up facts and rule sets, as one digest; run as a program it prints it."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from dataclasses import asdict
from typing import Any

from escalation.contracts import Amount, Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.triggers import HARD, TRIGGERS

DECISIONS, SETS = 10_000, 100
TEXTS = (
    "How do I export?",
    "I want a human",
    "",
    "a data breach happened, see CVE-2026",
    "please h u m a n",
    "agent portal",
    "a\ud83d \u202e b",
    "my invoice of $600 is wrong and I will tell a lawyer",
)
INTENTS, TIERS, CHANNELS = ("", "billing", "data_export"), ("", "pro", "enterprise"), ("", "web", "mail")
PAGES = ("", "/settings/billing", "https://app.example/items/7/edit", "http://[")
MOMENTS = ("", "2026-05-04T10:30:00+02:00", "2026-05-09T23:10:00+00:00", "nonsense")
AMOUNTS = ((), (Amount(60_000, "USD", "$600"),), (Amount(100, "EUR", "€1"), Amount(5, "", "5")))
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"intents": ["billing"]},
    {"tiers": ["enterprise", "pro"]},
    {"channels": ["web"]},
    {"pages": ["/settings/**", "/items/*/edit"]},
    {"amount_over": {"minor": 50_000, "currency": "USD"}},
    {"hours": {"outside": True, "windows": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "until": "17:00"}]}},
    {"valid_from": "2026-05-05T00:00:00+00:00"},
    {"valid_until": "2026-05-05T00:00:00+00:00"},
)
PARAMETERS: dict[str, dict[str, Any]] = {
    "pattern": {"phrases": ["data breach"], "patterns": [r"cve-\d+", "law(yer|suit)"]},
    "human_request": {"extra_phrases": ["portal"]},
    "flagged_category": {"category_id": 7},
    "low_confidence": {"minimum_confidence_by_intent": {"billing": 0.8}},
}


def rule_set(draw: random.Random) -> RuleSet:
    """Return a set of up to twelve rules, of every trigger there is."""
    rules = []
    for number in range(draw.randrange(13)):
        trigger = draw.choice(list(TRIGGERS))
        kind = draw.choice(TRIGGERS[trigger].kinds)
        conditions: dict[str, Any] = {}
        for one in draw.sample(CONDITIONS, draw.choice((0, 0, 1, 2))):
            conditions |= one
        asks = 0 if kind == HARD else draw.randrange(2)
        rules.append(
            Rule(
                number,
                draw.randrange(9),
                f"r{number}",
                kind,
                trigger,
                asks,
                PARAMETERS.get(trigger, {}),
                conditions,
            )
        )
    return RuleSet(1, tuple(rules))


def facts(draw: random.Random) -> TurnFacts:
    """Return one turn."""
    return TurnFacts(
        text=draw.choice(TEXTS),
        intent=draw.choice(INTENTS),
        intent_resolution=draw.choice(("", "ai_resolvable", "human_only")),
        intent_category=draw.choice((None, 7, 8)),
        confidence=draw.random(),
        threshold=draw.random() / 2,
        margin=draw.random(),
        is_fallback=draw.random() < 0.3,
        alternatives=draw.choice(((), ("other",))),
        answer_score=draw.choice((0.0, draw.random())),
        out_of_scope=draw.random() < 0.1,
        clarifications_used=draw.randrange(2),
        pending_trigger=draw.choice(("", "", "human_request", "low_confidence")),
        pending_text="a person",
        earlier_human_requests=draw.randrange(2),
        failed_step=draw.choice(("", "", "", "search")),
        flow=draw.choice(("", "", "offered", "running", "escalated", "tool_failure")),
        channel=draw.choice(CHANNELS),
        user_type=draw.choice(("", "admin")),
        tier=draw.choice(TIERS),
        page=draw.choice(PAGES),
        at=draw.choice(MOMENTS),
        amounts=draw.choice(AMOUNTS),
    )


def digest(*, backwards: bool = False) -> str:
    """Return one digest of all decisions, taken in order or from the last to the first."""
    draw = random.Random(20260504)
    sets = [rule_set(draw) for _ in range(SETS)]
    cases = [(number, draw.choice(sets), facts(draw)) for number in range(DECISIONS)]
    decisions: dict[int, Any] = {}
    for number, rules, turn in reversed(cases) if backwards else cases:
        # as a trace keeps the facts, so that a replay from storage is the same replay
        stored = TurnFacts.from_json(json.loads(json.dumps(asdict(turn))))
        decisions[number] = asdict(decide(stored, rules))
    said = json.dumps([decisions[number] for number in range(DECISIONS)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(backwards=True))
