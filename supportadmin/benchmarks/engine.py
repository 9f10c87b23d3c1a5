"""``benchmark engine``: how long a decision takes with many rules, on what customers write.

The rules are of every kind that reads the text or limits itself, made so that hardly any fires: the engine
then asks them all, which is the longest way. Each message is new to the engine, as in service; what belongs
to a rule's version has been prepared by earlier turns.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from escalation.contracts import Amount, Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.triggers import FLAGGED_CATEGORY, HARD, HUMAN_REQUEST, LOW_CONFIDENCE, PATTERN, SOFT

WORDS = (
    "refund",
    "breach",
    "outage",
    "lawsuit",
    "ombudsman",
    "journalist",
    "recall",
    "audit",
    "fraud",
    "escrow",
)
OFFICE = {"days": [1, 2, 3, 4, 5], "from": "09:00", "until": "17:00"}
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"tiers": ["enterprise", "pro"]},
    {"hours": {"outside": False, "windows": [OFFICE]}, "channels": ["web", "mail"]},
    {"valid_from": "2026-01-01T00:00:00+00:00", "pages": ["/settings/**"]},
    {"amount_over": {"minor": 100, "currency": "USD"}},
)
FACTS = TurnFacts(
    text="",
    intent="billing",
    intent_resolution="ai_resolvable",
    confidence=0.95,
    threshold=0.5,
    margin=0.7,
    is_fallback=False,
    alternatives=("other",),
    answer_score=0.9,
    channel="web",
    user_type="admin",
    tier="pro",
    page="/settings/billing",
    at="2026-05-04T10:30:00+00:00",
    amounts=(Amount(90_000, "USD", "$900"),),
)


def measure(texts: Sequence[str], *, rules: int, messages: int) -> dict[str, Any]:
    """Decide ``messages`` messages made of ``texts`` under ``rules`` rules; times in ms a decision.

    ``cpu`` is the processor's time: what the clock says beside it, others on the machine have taken.
    """
    rule_set = many_rules(rules)
    draw = random.Random(7)  # noqa: S311  # nosec B311 - the same messages each time
    asked = [_message(texts, draw) for _ in range(messages)]
    decide(replace(FACTS, text="A first turn, which compiles the patterns."), rule_set)
    times, cpu, actions = [], [], []
    for text in asked:
        facts = replace(FACTS, text=text)
        started, worked = time.perf_counter(), time.thread_time()
        decision = decide(facts, rule_set)
        cpu.append((time.thread_time() - worked) * 1000)
        times.append((time.perf_counter() - started) * 1000)
        actions.append(decision.action)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    return {
        "rules": rules,
        "messages": messages,
        "p50_characters": int(np.percentile([len(text) for text in asked], 50)),
        "p95_characters": int(np.percentile([len(text) for text in asked], 95)),
        "p50_ms": round(float(p50), 3),
        "p95_ms": round(float(p95), 3),
        "p99_ms": round(float(p99), 3),
        "p95_cpu_ms": round(float(np.percentile(cpu, 95)), 3),
        "went_all_the_way": actions.count("answer"),
    }


def many_rules(count: int) -> RuleSet:
    """Return rules of which half match words and a quarter look for wishes for a person; a fifth are hard."""
    makers = (_matching, _asking, _matching, _doubting)
    return RuleSet(1, tuple(makers[number % 4](number) for number in range(count)))


def _matching(number: int) -> Rule:
    word = WORDS[number % len(WORDS)]
    parameters = {
        "phrases": [f"{word} number {number}", f"second {word} {number}", f"{word}-{number}"],
        "patterns": [rf"\b{word}s? (?:no\.?|#) ?{number}\b", rf"{word}[-_ ]?(?:id|ref)[:= ]+{number}\d{{3}}"],
        "ignore_case": True,
    }
    return _rule(number, PATTERN, parameters)


def _asking(number: int) -> Rule:
    return _rule(
        number, HUMAN_REQUEST, {"extra_phrases": [f"duty officer {number}", f"desk {number} please"]}
    )


def _doubting(number: int) -> Rule:
    if number % 8 == 3:
        return _rule(number, FLAGGED_CATEGORY, {"category_id": number + 1})
    return _rule(number, LOW_CONFIDENCE, {"minimum_confidence_by_intent": {f"intent_{number}": 0.9}})


def _rule(number: int, trigger: str, parameters: dict[str, Any]) -> Rule:
    kind = HARD if number % 5 == 0 else SOFT
    conditions = CONDITIONS[number % len(CONDITIONS)]
    return Rule(number + 1, 1, f"rule {number}", kind, trigger, 0, parameters, conditions)


def _message(texts: Sequence[str], draw: random.Random) -> str:
    """Return a message of one to four sentences, now and then a long one."""
    sentences = draw.choice((1, 1, 2, 2, 3, 4, 25))
    return " ".join([*draw.sample(list(texts), min(sentences, len(texts))), f"({draw.randrange(10**6)})"])
