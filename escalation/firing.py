"""Whether a rule's trigger fires on the facts of a turn, and on which of the customer's words. Pure.

One function a trigger, each given the facts and the rule's settings with defaults filled in. Decides neither
the order of rules nor what follows from one that fires (escalation.engine).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from escalation.billing_dispute import dispute_find, exceeds
from escalation.contracts import Rule, TurnFacts
from escalation.human_request import human_request_find
from escalation.legal import legal_find
from escalation.patterns import pattern_find, phrase_find
from escalation.triggers import (
    ANGER,
    BILLING_DISPUTE,
    ESCALATE_UNKNOWN,
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LEGAL,
    LOW_CONFIDENCE,
    NO_ANSWER,
    PATTERN,
    REPEATED_FAILURE,
    STEP_FAILURE,
    TOOL_FAILURE,
    TRIGGERS,
)

# What a flow has come to (TurnFacts.flow).
OFFERED, RUNNING, RESOLVED = "offered", "running", "resolved"
CANCELLED, ESCALATED = "cancelled", "escalated"
FLOW_ENDS = {TOOL_FAILURE: TOOL_FAILURE, ESCALATED: FLOW_ESCALATION}  # that need a person
DOUBTS = frozenset({LOW_CONFIDENCE, NO_ANSWER})
# After one question these still end with a person: the question was for the person's benefit.
WISHES = frozenset(
    {HUMAN_REQUEST, HUMAN_ONLY_INTENT, FLAGGED_CATEGORY, ANGER, BILLING_DISPUTE, LEGAL, REPEATED_FAILURE}
)
# Told by the words alone, so they count even where a step has failed and nothing else is known.
BY_WORDS = frozenset({HUMAN_REQUEST, PATTERN, ANGER, BILLING_DISPUTE, LEGAL, REPEATED_FAILURE})
NO_WORDS = ""  # the trigger fires, on no words in particular

Settings = Mapping[str, Any]


def evidence_of(rule: Rule, facts: TurnFacts) -> str | None:
    """Return the customer's words that set the rule off ("" where no words do), or None: it does not fire."""
    if is_pending_wish(rule, facts):
        return facts.pending_text
    if _is_settled(rule.trigger, facts):
        return None
    defaults = TRIGGERS[rule.trigger].defaults
    is_whole = rule.parameters.keys() >= defaults.keys()  # as services keep them
    return FIRES[rule.trigger](facts, rule.parameters if is_whole else {**defaults, **rule.parameters})


def is_pending_wish(rule: Rule, facts: TurnFacts) -> bool:
    """Tell whether a question about what this trigger stands for has just been answered."""
    return rule.trigger in WISHES and rule.trigger == facts.pending_trigger


def asks_for_human(facts: TurnFacts) -> bool:
    """Tell whether the message asks for a person, by the default settings."""
    return _human_request(facts, TRIGGERS[HUMAN_REQUEST].defaults) is not None


def is_ambiguous(rule: Rule, facts: TurnFacts) -> bool:
    """Tell whether two intents are too close to choose between (margin in probability)."""
    limit = {**TRIGGERS[LOW_CONFIDENCE].defaults, **rule.parameters}["ambiguous_below_margin"]
    return _too_close(facts, limit)


def _is_settled(trigger: str, facts: TurnFacts) -> bool:
    """Tell whether the question that the trigger asks is beside the point in this turn."""
    if trigger in BY_WORDS or trigger == STEP_FAILURE:
        return False
    if facts.failed_step:
        return True  # nothing is known
    if trigger not in DOUBTS:
        return False
    if facts.out_of_scope:
        return True  # the doubt is settled
    return bool(facts.flow) and (facts.flow != OFFERED or trigger == NO_ANSWER)  # the flow is the answer


def _human_request(facts: TurnFacts, settings: Settings) -> str | None:
    found = phrase_find(facts.text, settings["extra_phrases"])
    if found is None:
        found = _wish(facts.text)
    return _alike(facts, HUMAN_REQUEST, settings) if found is None else found


# Once a message, however many rules ask; a rule's own phrases are looked for apart from it.
_wish = lru_cache(maxsize=8)(human_request_find)
_dispute = lru_cache(maxsize=8)(dispute_find)


def _pattern(facts: TurnFacts, settings: Settings) -> str | None:
    found = phrase_find(facts.text, settings["phrases"])
    if found is not None:
        return found
    return pattern_find(facts.text, settings["patterns"], ignore_case=settings["ignore_case"])


def _anger(facts: TurnFacts, settings: Settings) -> str | None:
    sign = facts.sign(ANGER)
    return sign.text if sign.text and sign.score >= settings["minimum_anger"] else None


def _billing_dispute(facts: TurnFacts, settings: Settings) -> str | None:
    evidence = _dispute(facts.text) or _alike(facts, BILLING_DISPUTE, settings)
    if evidence is None:
        return None
    if not facts.amounts:
        return evidence if settings["without_amount"] == ESCALATE_UNKNOWN else None
    threshold, currency = Decimal(settings["threshold_amount"]), settings["threshold_currency"]
    return evidence if exceeds(facts.amounts, threshold=threshold, currency=currency) else None


def _legal(facts: TurnFacts, settings: Settings) -> str | None:
    found = legal_find(
        facts.text,
        locales=settings["locales"],
        extra_terms=settings["extra_phrases"],
        exceptions=settings["exceptions"],
    )
    return found or _alike(facts, LEGAL, settings)


def _repeated_failure(facts: TurnFacts, settings: Settings) -> str | None:
    return facts.failed_text if facts.failed_attempts >= settings["failed_attempts"] else None


def _alike(facts: TurnFacts, trigger: str, settings: Settings) -> str | None:
    """Return the sentence that means what the trigger listens for, whatever its words, or None."""
    sign = facts.sign(trigger)
    return sign.text if sign.text and sign.score >= settings["minimum_likeness"] else None


def _human_only_intent(facts: TurnFacts, settings: Settings) -> str | None:
    return _where(facts.intent_resolution == "human_only" and not facts.is_fallback)


def _flagged_category(facts: TurnFacts, settings: Settings) -> str | None:
    is_known = facts.intent_category is not None and not facts.is_fallback
    return _where(is_known and facts.intent_category == settings["category_id"])


def _low_confidence(facts: TurnFacts, settings: Settings) -> str | None:
    by_intent = settings["minimum_confidence_by_intent"]
    minimum = max(facts.threshold, by_intent.get(facts.intent, settings["minimum_confidence"]))
    is_close = _too_close(facts, settings["ambiguous_below_margin"])
    return _where(facts.is_fallback or facts.confidence < minimum or is_close)


def _no_answer(facts: TurnFacts, settings: Settings) -> str | None:
    return _where(facts.answer_score < settings["minimum_score"])


def _step_failure(facts: TurnFacts, settings: Settings) -> str | None:
    return _where(bool(facts.failed_step))


def _tool_failure(facts: TurnFacts, settings: Settings) -> str | None:
    return _where(facts.flow == TOOL_FAILURE)


def _flow_escalation(facts: TurnFacts, settings: Settings) -> str | None:
    return _where(facts.flow == ESCALATED)


def _where(fires: bool) -> str | None:
    return NO_WORDS if fires else None


def _too_close(facts: TurnFacts, limit: float) -> bool:
    return bool(facts.intent and facts.alternatives and facts.margin < limit)


FIRES: Mapping[str, Callable[[TurnFacts, Settings], str | None]] = {
    HUMAN_REQUEST: _human_request,
    PATTERN: _pattern,
    ANGER: _anger,
    BILLING_DISPUTE: _billing_dispute,
    LEGAL: _legal,
    REPEATED_FAILURE: _repeated_failure,
    HUMAN_ONLY_INTENT: _human_only_intent,
    FLAGGED_CATEGORY: _flagged_category,
    LOW_CONFIDENCE: _low_confidence,
    NO_ANSWER: _no_answer,
    STEP_FAILURE: _step_failure,
    TOOL_FAILURE: _tool_failure,
    FLOW_ESCALATION: _flow_escalation,
}
