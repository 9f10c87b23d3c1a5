"""The same facts under the same rules give the same decision, whenever, wherever and in whatever order."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from escalation.contracts import Rule, RuleSet, TurnFacts
from escalation.engine import decide
from supportadmin.benchmarks.engine import measure
from tests.escalation.replay import digest

ROOT = Path(__file__).resolve().parents[2]
TURN = TurnFacts(text="I want a human", answer_score=0.9, is_fallback=False, confidence=0.9, threshold=0.5)
WISH = Rule(1, 1, "wish", "soft", "human_request", 0)
BROKEN = Rule(2, 5, "broken", "soft", "pattern", 0, {"phrases": 7})
HARD_BROKEN = replace(BROKEN, kind="hard")
HARD_WISH = replace(WISH, id=3, kind="hard")


@pytest.mark.row("4.8")
def test_ten_thousand_decisions_are_the_same_in_another_process_and_order() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    elsewhere = subprocess.Popen(
        [sys.executable, "-m", "tests.escalation.replay"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    here = digest()
    assert elsewhere.communicate(timeout=120)[0] == here
    assert elsewhere.returncode == 0


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("rules", "reason", "rule_id", "fault"),
    [
        ((BROKEN, WISH), "step_failure", None, "rule 2 version 5 (broken): TypeError"),
        ((WISH, BROKEN), "human_request", 1, ""),
        ((HARD_BROKEN, WISH), "step_failure", None, "rule 2 version 5 (broken): TypeError"),
        ((HARD_BROKEN, HARD_WISH), "human_request", 3, "rule 2 version 5 (broken): TypeError"),
    ],
)
def test_a_rule_that_breaks_ends_with_a_person_and_is_named(rules, reason, rule_id, fault) -> None:
    decision = decide(TURN, RuleSet(1, rules))
    assert (decision.action, decision.reason, decision.fault) == ("escalate", reason, fault)
    assert decision.escalation.rule_id == rule_id


def test_a_condition_that_breaks_is_a_rule_that_breaks() -> None:
    odd = replace(WISH, conditions={"moon": "full"})
    decision = decide(replace(TURN, text="hello"), RuleSet(1, (odd,)))
    assert (decision.action, decision.reason) == ("escalate", "step_failure")
    assert decision.fault == "rule 1 version 1 (wish): KeyError"


@pytest.mark.row("4.8")
def test_the_benchmark_asks_every_rule_and_says_how_long_it_takes() -> None:
    result = measure(["How do I export?", "Where is my invoice?"], rules=40, messages=20)
    assert (result["rules"], result["messages"], result["went_all_the_way"]) == (40, 20, 20)
    assert 0 < result["p50_ms"] <= result["p95_ms"] <= result["p99_ms"]
