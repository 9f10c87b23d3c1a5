"""Golden sets of messages, written before the detectors were tried on them; in no training: docs/adr/0011."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

import pytest

from escalation.contracts import Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.sensing import load_senses, sense_with
from escalation.triggers import ANGER, HARD
from escalation.triggers import TRIGGERS as TRIGGERS_KNOWN
from supportadmin.benchmarks import danger

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
TRIGGERS = ("legal", "billing_dispute", "human_request", "anger")
RULES = RuleSet(1, tuple(Rule(n, 1, name, HARD, name, 0) for n, name in enumerate(TRIGGERS, 1)))


@lru_cache(maxsize=1)
def senses():
    return load_senses("")


def texts_of(file: Path) -> list[str]:
    return [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


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


@pytest.mark.row("4.1")
def test_hardly_a_calm_question_is_taken_for_angry() -> None:
    texts = texts_of(GOLDEN / "calm_questions.jsonl")
    assert len(texts) == 100
    least = TRIGGERS_KNOWN[ANGER].defaults["minimum_anger"]
    angry = [text for text in texts if facts_of(text).sign("anger").score >= least]
    assert len(angry) <= 2, angry


@pytest.mark.row("4.1")
def test_the_detector_was_built_with_no_golden_message() -> None:
    with (ROOT / "scripts" / "anger_support.tsv").open(encoding="utf-8", newline="") as stream:
        used = {row["text"] for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)}
    used.update(texts_of(Path(__file__).parent / "development" / "anger.jsonl"))
    golden = {text for file in GOLDEN.glob("*.jsonl") for text in texts_of(file)}
    assert {plain(text) for text in used} & {plain(text) for text in golden} == set()


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
