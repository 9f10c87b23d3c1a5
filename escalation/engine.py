"""Decide one turn: facts and rules in, decision out. Pure and deterministic.

Order: hard rules, then a failed step, then soft rules, each in the order of the rule set. What an article
says it does not cover stands before the rules about the agent's own doubt (low confidence, no answer),
because it settles that doubt, and after those about what the customer or the audit wants. A resolution flow
is an answer of its own, so a missing article is no doubt where one begins; while one runs, its questions give
the messages their meaning and neither doubt counts. Where no rule covers a failed step, an action that
failed, a flow that ends with a person or a missing answer the engine escalates by itself: unknown is never
safe.

Decides neither the words of the reply nor what a trigger's settings may be (escalation.triggers).
"""

from __future__ import annotations

from escalation.contracts import Decision, Escalation, Rule, RuleSet, TurnFacts
from escalation.human_request import human_request_find
from escalation.triggers import (
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HARD,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LOW_CONFIDENCE,
    MAX_CLARIFICATIONS,
    NO_ANSWER,
    SOFT,
    STEP_FAILURE,
    TOOL_FAILURE,
    TRIGGERS,
)

ANSWER, CLARIFY, ACT, ESCALATE, OUT_OF_SCOPE = "answer", "clarify", "act", "escalate", "out_of_scope"
# What a flow has come to (TurnFacts.flow), and the reason of the decision to act.
OFFERED, RUNNING, RESOLVED = "offered", "running", "resolved"
CANCELLED, ESCALATED = "cancelled", "escalated"
ACTS = {OFFERED: "flow_step", RUNNING: "flow_step", RESOLVED: "flow_resolved", CANCELLED: "flow_cancelled"}
FLOW_ENDS = {TOOL_FAILURE: TOOL_FAILURE, ESCALATED: FLOW_ESCALATION}  # that need a person
DOUBTS = frozenset({LOW_CONFIDENCE, NO_ANSWER})
# After one question these still end with a person: the question was for the person's benefit.
WISHES = frozenset({HUMAN_REQUEST, HUMAN_ONLY_INTENT, FLAGGED_CATEGORY})


def decide(facts: TurnFacts, rule_set: RuleSet) -> Decision:
    """Return what the agent does with this turn, and which rule says so with what evidence."""
    for rule in _of_kind(rule_set, HARD):
        evidence = _evidence(rule, facts)
        if evidence is not None:
            return _escalate(rule, evidence)
    if facts.failed_step:
        return _escalate_unruled(STEP_FAILURE)
    if facts.flow in FLOW_ENDS:
        return _escalate_unruled(FLOW_ENDS[facts.flow])
    for rule in _of_kind(rule_set, SOFT):
        evidence = _evidence(rule, facts)
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


def _of_kind(rule_set: RuleSet, kind: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rule_set.rules if rule.kind == kind)


def _evidence(rule: Rule, facts: TurnFacts) -> str | None:
    """Return the customer's words that set the rule off ("" where no words do), or None: it does not fire."""
    settings = {**TRIGGERS[rule.trigger].defaults, **rule.parameters}
    fires = False
    if rule.trigger in WISHES and rule.trigger == facts.pending_trigger:
        return facts.pending_text
    if rule.trigger == HUMAN_REQUEST:
        return human_request_find(facts.text, settings["extra_phrases"])
    if rule.trigger == STEP_FAILURE:
        fires = bool(facts.failed_step)
    elif rule.trigger in FLOW_ENDS.values():
        fires = not facts.failed_step and FLOW_ENDS.get(facts.flow) == rule.trigger
    elif facts.failed_step or (rule.trigger in DOUBTS and facts.out_of_scope):
        fires = False  # nothing is known, or the doubt is settled
    elif rule.trigger in DOUBTS and facts.flow and (facts.flow != OFFERED or rule.trigger == NO_ANSWER):
        fires = False  # the flow is the answer
    elif rule.trigger == HUMAN_ONLY_INTENT:
        fires = facts.intent_resolution == "human_only" and not facts.is_fallback
    elif rule.trigger == FLAGGED_CATEGORY:
        is_known = facts.intent_category is not None and not facts.is_fallback
        fires = is_known and facts.intent_category == settings["category_id"]
    elif rule.trigger == LOW_CONFIDENCE:
        by_intent = settings["minimum_confidence_by_intent"]
        minimum = max(facts.threshold, by_intent.get(facts.intent, settings["minimum_confidence"]))
        fires = facts.is_fallback or facts.confidence < minimum or _is_ambiguous(rule, facts)
    elif rule.trigger == NO_ANSWER:
        fires = facts.answer_score < settings["minimum_score"]
    return "" if fires else None


def _is_ambiguous(rule: Rule, facts: TurnFacts) -> bool:
    """Tell whether two intents are too close to choose between (margin in probability)."""
    limit = {**TRIGGERS[LOW_CONFIDENCE].defaults, **rule.parameters}["ambiguous_below_margin"]
    return bool(facts.intent and facts.alternatives and facts.margin < limit)


def _may_ask(rule: Rule, facts: TurnFacts) -> bool:
    """Tell whether one clarifying question may come first; a repeated wish for a person is never delayed."""
    if facts.clarifications_used >= min(rule.clarify_first, MAX_CLARIFICATIONS):
        return False
    return rule.trigger != HUMAN_REQUEST or facts.earlier_human_requests == 0


def _clarify(rule: Rule, facts: TurnFacts, evidence: str) -> Decision:
    ambiguous = rule.trigger == LOW_CONFIDENCE and _is_ambiguous(rule, facts)
    options = (facts.intent, facts.alternatives[0]) if ambiguous else ()
    return Decision(CLARIFY, rule.trigger, _escalation(rule, evidence), options)


def _escalate(rule: Rule, evidence: str) -> Decision:
    return Decision(ESCALATE, rule.trigger, _escalation(rule, evidence))


def _escalate_unruled(trigger: str) -> Decision:
    return Decision(ESCALATE, trigger, Escalation(HARD, trigger, None, None))


def _escalation(rule: Rule, evidence: str) -> Escalation:
    return Escalation(rule.kind, rule.trigger, rule.id, rule.version, evidence)
