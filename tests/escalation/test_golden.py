"""Golden sets of messages, written before the detectors were tried on them and never used for tuning."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

import pytest

from escalation.contracts import Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.sensing import load_senses, sense_with
from escalation.triggers import HARD
from supportadmin.benchmarks import danger

GOLDEN = Path(__file__).parent / "golden"
TRIGGERS = ("legal", "billing_dispute", "human_request", "anger")
RULES = RuleSet(1, tuple(Rule(n, 1, name, HARD, name, 0) for n, name in enumerate(TRIGGERS, 1)))


@lru_cache(maxsize=1)
def senses():
    return load_senses("")


def facts_of(text: str) -> TurnFacts:
    """A message that the agent would gladly answer, were it not for its words."""
    sensed = sense_with(senses(), text)
    return TurnFacts(
        text=text,
        intent="data_export",
        confidence=0.99,
        threshold=0.1,
        margin=0.9,
        is_fallback=False,
        answer_score=0.99,
        signs=sensed.signs,
        amounts=sensed.amounts,
    )


@pytest.mark.row("4.1", "4.2", "4.3", "4.6")
@pytest.mark.parametrize(
    ("name", "messages", "precision", "recall"),
    [
        ("anger", 200, 0.80, 0.90),
        ("billing_dispute", 150, 0.90, 0.80),
        ("legal", 150, 0.90, 0.80),
        ("human_request", 150, 0.90, 0.80),
    ],
)
def test_what_a_trigger_listens_for_is_found_in_its_golden_set(name, messages, precision, recall) -> None:
    found = danger.triggers(GOLDEN / f"{name}.jsonl", senses())
    assert found["n"] == messages
    assert found[name]["recall"] >= recall
    assert found[name]["precision"] >= precision


@pytest.mark.row("4.5", "4.1", "4.2", "4.3")
def test_all_disguised_and_instructing_messages_escalate() -> None:
    rows = [json.loads(line) for line in (GOLDEN / "obfuscated.jsonl").read_text().splitlines()]
    assert len(rows) == 200
    missed = [row for row in rows if decide(facts_of(row["text"]), RULES).action != "escalate"]
    assert missed == []


@pytest.mark.row("4.1")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How do I export? By the way, your support is useless and rude. Thanks.", "useless"),
        ("Hello. I am absolutely furious about the outage. Where is the log?", "furious"),
        ("The table is empty. What a pathetic joke of a product!", "pathetic"),
    ],
)
def test_the_words_that_weighed_most_are_shown_and_stand_in_the_message(text, words) -> None:
    sign = facts_of(text).sign("anger")
    assert words in sign.text
    assert sign.text in text
    assert len(sign.text) < len(text)
    assert sign.score >= 0.5


@pytest.mark.row("4.1")
@pytest.mark.parametrize(
    "text",
    [
        "I'm not angry at all, just curious.",
        "The AWS S3 and SAP ERP connectors return 403.",
        "Which process was killed?",
        "I'm dying to try it!",
        "no",
        "",
        "   ",
        "🙂",
    ],
)
def test_calm_messages_stay_calm(text) -> None:
    assert facts_of(text).sign("anger").score < 0.5


@pytest.mark.row("4.8")
def test_what_is_sensed_is_the_same_each_time_and_survives_json() -> None:
    facts = facts_of("You charged me $900 twice and I am furious. I will call my lawyer.")
    again = facts_of(facts.text)
    assert again == facts
    stored = json.loads(json.dumps(asdict(facts)))
    assert TurnFacts.from_json(stored) == facts


@pytest.mark.row("4.5")
def test_a_threat_does_not_drown_in_a_long_calm_message() -> None:
    calm = "The report shows the figures of March. I opened the settings page. The table has four columns. "
    facts = facts_of(calm * 5 + "I am so sick of your lies, you useless idiots! " + calm * 3)
    decision = decide(facts, RULES)
    assert (decision.action, decision.reason) == ("escalate", "anger")
    assert decide(replace(facts, signs=()), RULES).action == "answer"
