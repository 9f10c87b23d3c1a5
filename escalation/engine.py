"""Decide one turn: facts and rules in, decision out. Pure and deterministic.

Order: hard rules, then a failed step, then soft rules, each in the order of the rule set. What an article
says it does not cover stands before the rules about the agent's own doubt (low confidence, no answer),
because it settles that doubt, and after those about what the customer or the audit wants. A resolution flow
is an answer of its own, so a missing article is no doubt where one begins; while one runs, its questions give
the messages their meaning and neither doubt counts. Where no rule covers a failed step, an action that
failed, a flow that ends with a person or a missing answer the engine escalates by itself: unknown is never
safe. So it does where a rule itself breaks, and says which (``Decision.fault``).

Decides neither whether a trigger fires (escalation.firing) or a rule is asked (escalation.conditions), nor
the words of the reply, nor what a trigger's settings may be (escalation.triggers).
"""

from __future__ import annotations

from escalation.conditions import conditions_hold
from escalation.contracts import Decision, Escalation, Rule, RuleSet, TurnFacts
from escalation.firing import (
    CANCELLED,
    FLOW_ENDS,
    OFFERED,
    RESOLVED,
    RUNNING,
    evidence_of,
    is_ambiguous,
    is_pending_wish,
)
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
    hard, fault = _first_hard(facts, rule_set)
    if hard is not None:
        return hard
    if facts.failed_step or fault:
        return _escalate_unruled(STEP_FAILURE, fault)
    if facts.flow in FLOW_ENDS:
        return _escalate_unruled(FLOW_ENDS[facts.flow])
    soft = _first_soft(facts, rule_set)
    if soft is not None:
        return soft
    if facts.out_of_scope:
        return Decision(OUT_OF_SCOPE, OUT_OF_SCOPE)
    if facts.flow in ACTS:
        return Decision(ACT, ACTS[facts.flow])
    if facts.answer_score <= 0:
        return _escalate_unruled(NO_ANSWER)
    return Decision(ANSWER, "answered")


def hard_hit(facts: TurnFacts, rule_set: RuleSet) -> bool:
    """Tell whether a hard rule fires on what is known so far: nothing but escalate can follow."""
    return _first_hard(facts, rule_set)[0] is not None


def _first_hard(facts: TurnFacts, rule_set: RuleSet) -> tuple[Decision | None, str]:
    """Return the decision of the first hard rule that fires, and what went wrong with those before it.

    A rule that cannot be asked does not keep the ones after it from firing; it escalates if none does.
    """
    fault = ""
    for rule in _of_kind(rule_set, HARD):
        try:
            evidence = _evidence(rule, facts)
        except Exception as error:  # noqa: BLE001 - whatever breaks in one rule, a person takes over
            fault = fault or _fault(rule, error)
            continue
        if evidence is not None:
            return _escalate(rule, evidence, fault), fault
    return None, fault


def _first_soft(facts: TurnFacts, rule_set: RuleSet) -> Decision | None:
    """Return the decision of the first soft rule that fires or breaks.

    The answer to a question that was asked for a wish's sake is no longer about what the rule was limited to:
    where no rule says otherwise, the wish is still granted.
    """
    rules = _of_kind(rule_set, SOFT)
    for rule in rules:
        try:
            evidence = _evidence(rule, facts)
        except Exception as error:  # noqa: BLE001 - as above
            return _escalate_unruled(STEP_FAILURE, _fault(rule, error))
        if evidence is not None:
            return _clarify(rule, facts, evidence) if _may_ask(rule, facts) else _escalate(rule, evidence)
    asked = next((rule for rule in rules if is_pending_wish(rule, facts)), None)
    return None if asked is None else _escalate(asked, facts.pending_text)


def _evidence(rule: Rule, facts: TurnFacts) -> str | None:
    """Return the words on which the rule fires, or None where it does not or is not asked in this turn."""
    if not conditions_hold(rule.conditions, rule.kind, facts):
        return None
    return evidence_of(rule, facts)


def _fault(rule: Rule, error: Exception) -> str:
    return f"rule {rule.id} version {rule.version} ({rule.name}): {type(error).__name__}"


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


def _escalate(rule: Rule, evidence: str, fault: str = "") -> Decision:
    return Decision(ESCALATE, rule.trigger, _escalation(rule, evidence), fault=fault)


def _escalate_unruled(trigger: str, fault: str = "") -> Decision:
    return Decision(ESCALATE, trigger, Escalation(HARD, trigger, None, None), fault=fault)


def _escalation(rule: Rule, evidence: str) -> Escalation:
    return Escalation(rule.kind, rule.trigger, rule.id, rule.version, evidence)
