"""What is known of a message before it is decided on: each step fills in facts. The first part of a turn.

rules → sense → classify → intent → attempts → search. Danger in the words is sensed before anything could
answer: where a hard rule fires, the message is still classified, for the person who takes over, and nothing
is searched for. A step that fails leaves its name in the facts. Decides nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from core.errors import DomainError
from escalation import engine
from escalation.attempts import failed_attempts
from escalation.firing import asks_for_human
from intents.contracts import IntentProfile, Segment
from kb.contracts import Audience
from runtime.contracts import Step, TurnRequest
from runtime.flow_steps import message_read
from runtime.second_wish import two_wishes
from runtime.turn_state import Context, Engines, Outcome, Overtaken

log = structlog.get_logger(__name__)

SEARCH_LIMIT = 5


def gather(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> None:
    """Collect the facts, stopping at the first step that fails; in a flow nothing is searched for."""
    audience = audience_of(request)
    steps: tuple[tuple[str, Callable[[], Mapping[str, Any]]], ...] = (
        ("rules", lambda: _read_rules(outcome, engines)),
        ("sense", lambda: _sense(outcome, engines)),
        ("classify", lambda: message_read(outcome, context, lambda: _classify(outcome, engines))),
        ("intent", lambda: read_intent(outcome, engines)),
        ("attempts", lambda: count_attempts(outcome, context)),
        ("search", lambda: search(outcome, engines, audience, request.page)),
    )
    for name, step in steps:
        if name == "search" and (outcome.flow is not None or is_over(outcome)):
            return
        if not attempt(outcome, name, step):
            outcome.facts = replace(outcome.facts, failed_step=outcome.facts.failed_step or name)
            if name != "sense":  # what the message is about is worth knowing all the same
                return


def is_over(outcome: Outcome) -> bool:
    """Tell whether nothing can answer any more: a step has failed or a hard rule fires."""
    return bool(outcome.facts.failed_step) or engine.hard_hit(outcome.facts, outcome.rule_set)


def attempt(outcome: Outcome, name: str, step: Callable[[], Mapping[str, Any]]) -> bool:
    """Run one step, note how it went, and say whether it succeeded."""
    started = time.perf_counter()
    details: Mapping[str, Any] = {}
    error = ""
    try:
        details = step()
    except Overtaken:
        raise
    except DomainError as refusal:
        error, details = refusal.code, {"message": refusal.message}
        log.warning("turn_step_refused", step=name, code=refusal.code)
    except Exception as crash:  # the border of the turn: whatever breaks, a person takes over
        error = type(crash).__name__
        log.exception("turn_step_failed", step=name)
    ms = round((time.perf_counter() - started) * 1000, 3)
    outcome.steps.append(Step(name, ms, error, details))
    return not error


def _read_rules(outcome: Outcome, engines: Engines) -> Mapping[str, Any]:
    outcome.rule_set = engines.rule_set()
    return {"version": outcome.rule_set.version, "rules": len(outcome.rule_set.rules)}


def _sense(outcome: Outcome, engines: Engines) -> Mapping[str, Any]:
    """Read danger in the words; a wish for a person counts from here on, whatever fails later."""
    outcome.asked_for_human = asks_for_human(outcome.facts)
    sensed = engines.sense(outcome.facts.text)
    if not all(math.isfinite(sign.score) for sign in sensed.signs):
        raise ValueError("What was sensed is not a number.")
    outcome.facts = replace(outcome.facts, signs=sensed.signs, amounts=sensed.amounts)
    outcome.asked_for_human = asks_for_human(outcome.facts)
    return {
        "signs": {sign.trigger: {"score": sign.score, "text": sign.text} for sign in sensed.signs},
        "amounts": [f"{amount.text} = {amount.minor} {amount.currency}".strip() for amount in sensed.amounts],
    }


def count_attempts(outcome: Outcome, context: Context) -> Mapping[str, Any]:
    """Count what was tried for this issue in vain."""
    facts = outcome.facts
    found = failed_attempts(
        context.earlier,
        text=facts.text,
        intent="" if facts.is_fallback else facts.intent,
        in_flow=outcome.flow is not None,
    )
    outcome.facts = replace(facts, failed_attempts=found.count, failed_text=found.text)
    return {"issue": found.intent, "failed": found.count}


def _classify(outcome: Outcome, engines: Engines) -> Mapping[str, Any]:
    """Classify the words, unless the customer has just said what they mean."""
    if outcome.chosen_intent:
        outcome.facts = replace(
            outcome.facts,
            intent=outcome.chosen_intent,
            confidence=1.0,
            threshold=0.0,
            margin=1.0,
            is_fallback=False,
        )
        return {"chosen_by_customer": outcome.chosen_intent, "question_was_about": outcome.query}
    found = engines.classify(outcome.query)
    if not all(math.isfinite(value) for value in (found.confidence, found.threshold, found.margin)):
        raise ValueError("The classifier's figures are not numbers.")
    outcome.classification = found
    outcome.facts = replace(
        outcome.facts,
        intent=found.intent,
        confidence=found.confidence,
        threshold=found.threshold,
        margin=found.margin,
        is_fallback=found.is_fallback,
        alternatives=tuple(score.intent for score in found.alternatives),
    )
    wishes = two_wishes(found)
    if wishes is not None and outcome.flow is None:
        take_up(outcome, wishes[0])
        outcome.waiting_wish = wishes[1]
    return {
        **({"wishes": [wish.text for wish in wishes]} if wishes else {}),
        "intent": found.intent,
        "confidence": found.confidence,
        "threshold": found.threshold,
        "alternatives": [{"intent": s.intent, "confidence": s.confidence} for s in found.alternatives],
        "nearest_examples": [
            {"id": e.id, "text": e.text, "similarity": e.similarity} for e in found.nearest_examples
        ],
    }


def take_up(outcome: Outcome, wish: Segment) -> None:
    """Let the outcome be about one part of the message, which is clear by itself."""
    outcome.wish, outcome.query = wish, wish.text
    outcome.facts = replace(
        outcome.facts,
        intent=wish.intent,
        confidence=wish.confidence,
        margin=1.0,
        is_fallback=False,
        alternatives=(),
    )


def read_intent(outcome: Outcome, engines: Engines) -> Mapping[str, Any]:
    outcome.profile = profile_of(outcome.facts.intent, engines)
    profile = outcome.profile
    outcome.facts = replace(
        outcome.facts, intent_resolution=profile.resolution, intent_category=profile.category_id
    )
    if outcome.flow is None and not outcome.facts.is_fallback:
        outcome.offered = engines.active_flow(outcome.facts.intent)
        if outcome.offered is not None:
            outcome.facts = replace(outcome.facts, flow=engine.OFFERED)
    return {"label": profile.label, "resolution": profile.resolution, "category_id": profile.category_id}


def search(outcome: Outcome, engines: Engines, audience: Audience, page: str) -> Mapping[str, Any]:
    hint = outcome.profile.label if outcome.profile and not outcome.facts.is_fallback else ""
    found = engines.search(outcome.query, audience=audience, page=page, limit=SEARCH_LIMIT, hint=hint)
    best = found.hits[0].score if found.hits else 0.0
    if not math.isfinite(best):
        raise ValueError("The best hit's score is not a number.")
    outcome.search = found
    outcome.facts = replace(outcome.facts, answer_score=best, out_of_scope=found.out_of_scope is not None)
    return {
        "audience": {"user_type": audience.user_type, "tier": audience.tier},
        "hint": hint,
        "hits": [
            {"article_id": h.article_id, "title": h.title, "anchor": h.anchor, "score": h.score}
            for h in found.hits
        ],
        "exclusion": found.out_of_scope.text if found.out_of_scope else None,
    }


def profile_of(slug: str, engines: Engines) -> IntentProfile:
    profile = engines.intent_profile(slug)
    if profile is None:
        raise LookupError(f"The classifier names an intent that does not exist: {slug!r}.")
    return profile


def audience_of(request: TurnRequest) -> Audience:
    customer = request.customer
    return Audience(customer.user_type, customer.tier) if customer.verified else Audience()
