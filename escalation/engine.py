"""Decide one turn: facts and rules in, decision out. Pure and deterministic.

Order: hard rules, then a failed step, then soft rules, each in the order of the rule set. What an article
says it does not cover stands before the rules about the agent's own doubt (low confidence, no answer),
because it settles that doubt, and after those about what the customer or the audit wants. A resolution flow
is an answer of its own, so a missing article is no doubt where one begins; while one runs, its questions give
the messages their meaning and neither doubt counts. Where no rule covers a failed step, an action that
failed, a flow that ends with a person or a missing answer the engine escalates by itself: unknown is never
safe.

Decides neither whether a trigger fires (escalation.firing), nor the words of the reply, nor what a trigger's
settings may be (escalation.triggers).
"""

from __future__ import annotations

from escalation.contracts import Decision, Escalation, Rule, RuleSet, TurnFacts
from escalation.firing import CANCELLED, FLOW_ENDS, OFFERED, RESOLVED, RUNNING, evidence_of, is_ambiguous
from escalation.triggers import (
    HARD,
    HUMAN_REQUEST,
    LOW_CONFIDENCE,
    MAX_CLARIFICATIONS,
    NO_ANSWER,
    SOFT,
    STEP_FAILURE,
)

ANSWER, CLARIFY, ACT, ESCALATE, OUT_OF_SCOPE = "answer", "clarify", "act", "escalate", "out_of_scope"
# What a flow has come to, and the reason of the decision to act.
ACTS = {OFFERED: "flow_step", RUNNING: "flow_step", RESOLVED: "flow_resolved", CANCELLED: "flow_cancelled"}


def decide(facts: TurnFacts, rule_set: RuleSet) -> Decision:
    """Return what the agent does with this turn, and which rule says so with what evidence."""
    for rule in _of_kind(rule_set, HARD):
        evidence = evidence_of(rule, facts)
        if evidence is not None:
            return _escalate(rule, evidence)
    if facts.failed_step:
        return _escalate_unruled(STEP_FAILURE)
    if facts.flow in FLOW_ENDS:
        return _escalate_unruled(FLOW_ENDS[facts.flow])
    for rule in _of_kind(rule_set, SOFT):
        evidence = evidence_of(rule, facts)
        if evidence is None:
            continue
        return _clarify(rule, facts, evidence) if _may_ask(rule, facts) else _escalate(rule, evidence)
    if facts.out_of_scope:
        return Decision(OUT_OF_SCOPE, OUT_OF_SCOPE)
    if facts.flow in ACTS:
        return Decision(ACT, ACTS[facts.flow])
    if facts.answer_score <= 0:
        return _escalate_unruled(NO_ANSWER)
    return Decision(ANSWER, "answered")


def hard_hit(facts: TurnFacts, rule_set: RuleSet) -> bool:
    """Tell whether a hard rule fires on what is known so far: nothing but escalate can follow."""
    return any(evidence_of(rule, facts) is not None for rule in _of_kind(rule_set, HARD))


def _of_kind(rule_set: RuleSet, kind: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rule_set.rules if rule.kind == kind)


def _may_ask(rule: Rule, facts: TurnFacts) -> bool:
    """Tell whether one clarifying question may come first; a repeated wish for a person is never delayed."""
    if facts.clarifications_used >= min(rule.clarify_first, MAX_CLARIFICATIONS):
        return False
    return rule.trigger != HUMAN_REQUEST or facts.earlier_human_requests == 0


def _clarify(rule: Rule, facts: TurnFacts, evidence: str) -> Decision:
    ambiguous = rule.trigger == LOW_CONFIDENCE and is_ambiguous(rule, facts)
    options = (facts.intent, facts.alternatives[0]) if ambiguous else ()
    return Decision(CLARIFY, rule.trigger, _escalation(rule, evidence), options)


def _escalate(rule: Rule, evidence: str) -> Decision:
    return Decision(ESCALATE, rule.trigger, _escalation(rule, evidence))


def _escalate_unruled(trigger: str) -> Decision:
    return Decision(ESCALATE, trigger, Escalation(HARD, trigger, None, None))


def _escalation(rule: Rule, evidence: str) -> Escalation:
    return Escalation(rule.kind, rule.trigger, rule.id, rule.version, evidence)
