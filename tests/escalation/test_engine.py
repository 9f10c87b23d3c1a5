"""Decision tables of the escalation engine."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.contracts import Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.triggers import TRIGGERS

HUMAN = Rule(1, 3, "human", "soft", "human_request", 0)
ONLY = Rule(2, 1, "human only", "soft", "human_only_intent", 0)
LOW = Rule(3, 2, "low", "soft", "low_confidence", 1)
FLAGGED = Rule(6, 1, "flagged", "soft", "flagged_category", 0, {"category_id": 7})
NOTHING = Rule(4, 1, "nothing", "soft", "no_answer", 1)
FAILED = Rule(5, 7, "failed", "hard", "step_failure", 0)
RULES = RuleSet(9, (FAILED, HUMAN, ONLY, LOW, NOTHING))

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


def only(rule: Rule) -> RuleSet:
    return RuleSet(1, (rule,))


@pytest.mark.row("4.6", "3.18", "2.6", "4.8")
@pytest.mark.parametrize(
    ("changes", "action", "reason", "rule_id", "matched", "options"),
    [
        ({}, "answer", "answered", None, "", ()),
        ({"text": "I want a human"}, "escalate", "human_request", 1, "want a human", ()),
        ({"intent_resolution": "human_only"}, "escalate", "human_only_intent", 2, "", ()),
        (
            {"intent_resolution": "human_only", "is_fallback": True, "confidence": 0.2},
            "clarify",
            "low_confidence",
            3,
            "",
            (),
        ),
        ({"confidence": 0.49}, "clarify", "low_confidence", 3, "", ()),
        ({"confidence": 0.50}, "answer", "answered", None, "", ()),
        ({"is_fallback": True}, "clarify", "low_confidence", 3, "", ()),
        ({"margin": 0.099}, "clarify", "low_confidence", 3, "", ("data_export", "billing")),
        ({"margin": 0.10}, "answer", "answered", None, "", ()),
        ({"margin": 0.0, "alternatives": ()}, "answer", "answered", None, "", ()),
        ({"margin": 0.05, "clarifications_used": 1}, "escalate", "low_confidence", 3, "", ()),
        ({"answer_score": 0.38}, "answer", "answered", None, "", ()),
        ({"answer_score": 0.37}, "clarify", "no_answer", 4, "", ()),
        ({"answer_score": 0.37, "clarifications_used": 1}, "escalate", "no_answer", 4, "", ()),
        ({"out_of_scope": True}, "out_of_scope", "out_of_scope", None, "", ()),
        ({"out_of_scope": True, "is_fallback": True}, "out_of_scope", "out_of_scope", None, "", ()),
        (
            {"out_of_scope": True, "text": "agent please"},
            "escalate",
            "human_request",
            1,
            "agent please",
            (),
        ),
        ({"failed_step": "search"}, "escalate", "step_failure", 5, "", ()),
        ({"failed_step": "classify", "text": "human"}, "escalate", "step_failure", 5, "", ()),
    ],
)
def test_the_default_rules_decide_by_this_table(changes, action, reason, rule_id, matched, options) -> None:
    decision = decide(replace(GOOD, **changes), RULES)
    assert (decision.action, decision.reason, decision.options) == (action, reason, options)
    if rule_id is None:
        assert decision.escalation is None
    else:
        rule = next(rule for rule in RULES.rules if rule.id == rule_id)
        assert asdict(decision.escalation) == {
            "kind": rule.kind,
            "trigger": rule.trigger,
            "rule_id": rule.id,
            "rule_version": rule.version,
            "matched_text": matched,
        }


@pytest.mark.row("4.7")
@pytest.mark.parametrize(
    ("changes", "clarify_first", "action"),
    [
        ({"text": "I want a human"}, 0, "escalate"),
        ({"text": "I want a human"}, 1, "clarify"),
        ({"text": "I want a human", "clarifications_used": 1}, 1, "escalate"),
        ({"text": "I want a human", "earlier_human_requests": 1}, 1, "escalate"),
        ({"text": "my invoice is wrong", "pending_trigger": "human_request"}, 0, "escalate"),
        (
            {"text": "my invoice", "pending_trigger": "human_request", "clarifications_used": 1},
            1,
            "escalate",
        ),
        ({"text": "my invoice is wrong", "pending_trigger": "low_confidence"}, 1, "answer"),
    ],
)
def test_a_person_is_reached_after_at_most_one_question(changes, clarify_first, action) -> None:
    rules = only(replace(HUMAN, clarify_first=clarify_first))
    assert decide(replace(GOOD, **changes), rules).action == action


@pytest.mark.row("4.6")
@pytest.mark.parametrize(
    ("parameters", "confidence", "action"),
    [
        ({"minimum_confidence": 0.95}, 0.90, "clarify"),
        ({"minimum_confidence": 0.2}, 0.45, "clarify"),  # the release's threshold of 0.5 always holds
        ({"minimum_confidence_by_intent": {"data_export": 0.95}}, 0.90, "clarify"),
        ({"minimum_confidence_by_intent": {"billing": 0.95}}, 0.90, "answer"),
        ({"minimum_confidence": 0.95, "minimum_confidence_by_intent": {"data_export": 0.6}}, 0.7, "answer"),
    ],
)
def test_thresholds_can_be_raised_for_all_or_for_one_intent(parameters, confidence, action) -> None:
    rules = only(replace(LOW, parameters=parameters))
    assert decide(replace(GOOD, confidence=confidence), rules).action == action


@pytest.mark.row("4.8")
def test_without_any_rule_a_failure_or_a_missing_answer_still_ends_with_a_person() -> None:
    nobody = RuleSet(0, ())
    failed = decide(replace(GOOD, failed_step="rules"), nobody)
    assert (failed.action, failed.reason, failed.escalation.rule_id) == ("escalate", "step_failure", None)
    empty = decide(replace(GOOD, answer_score=0.0), nobody)
    assert (empty.action, empty.reason, empty.escalation.rule_id) == ("escalate", "no_answer", None)


FACTS = st.builds(
    TurnFacts,
    text=st.sampled_from(["How do I export?", "I want a human", "", "agent portal"]),
    intent=st.sampled_from(["", "data_export", "billing"]),
    intent_resolution=st.sampled_from(["", "ai_resolvable", "human_only"]),
    confidence=st.floats(0, 1),
    threshold=st.floats(0, 1),
    margin=st.floats(0, 1),
    is_fallback=st.booleans(),
    alternatives=st.sampled_from([(), ("billing",)]),
    answer_score=st.floats(0, 1),
    out_of_scope=st.booleans(),
    clarifications_used=st.integers(0, 2),
    pending_trigger=st.sampled_from(["", *TRIGGERS]),
    earlier_human_requests=st.integers(0, 2),
    failed_step=st.sampled_from(["", "classify"]),
)


@pytest.mark.row("4.8")
@given(FACTS)
@settings(max_examples=100, deadline=None)
def test_the_same_facts_always_give_the_same_decision(facts: TurnFacts) -> None:
    first = decide(facts, RULES)
    assert all(decide(facts, RULES) == first for _ in range(10))


@pytest.mark.row("4.8", "4.5")
@given(FACTS)
@settings(max_examples=200, deadline=None)
def test_a_hard_rule_that_fires_escalates_whatever_the_order_of_the_rules(facts: TurnFacts) -> None:
    hard = replace(HUMAN, id=8, kind="hard", clarify_first=0)
    if decide(facts, only(hard)).reason != "human_request":
        return
    for order in permutations((hard, LOW, NOTHING)):
        decision = decide(facts, RuleSet(1, order))
        assert (decision.action, decision.escalation.rule_id) == ("escalate", 8)


@pytest.mark.row("4.7")
@given(FACTS)
@settings(max_examples=300, deadline=None)
def test_no_second_question_is_ever_asked_and_no_failure_ever_answered(facts: TurnFacts) -> None:
    decision = decide(facts, RULES)
    if facts.clarifications_used >= 1:
        assert decision.action != "clarify"
    if facts.failed_step:
        assert decision.action == "escalate"
    if decision.action == "escalate":
        assert decision.escalation is not None
        assert decision.reason == decision.escalation.trigger


@pytest.mark.row("1.7", "4.6")
@pytest.mark.parametrize(
    ("changes", "parameters", "action"),
    [
        ({"intent_category": 7}, {"category_id": 7}, "escalate"),
        ({"intent_category": 8}, {"category_id": 7}, "answer"),
        ({"intent_category": None}, {"category_id": 7}, "answer"),
        ({"intent_category": None}, {"category_id": None}, "answer"),
        ({"intent_category": 7, "is_fallback": True}, {"category_id": 7}, "answer"),
    ],
)
def test_a_flagged_category_escalates_its_intents_and_no_others(
    changes: dict[str, object], parameters: dict[str, object], action: str
) -> None:
    rule = replace(FLAGGED, parameters=parameters)
    assert decide(replace(GOOD, **changes), only(rule)).action == action
