"""One turn, from the customer's words to a decision and a reply. Orchestration only: engines are passed in.

rules → sense → clarifying answer → classify → intent → search → decide → flow → decide → reply. Danger in the
words is sensed before anything could answer: where a hard rule fires, the message is still classified, for
the person who takes over, and nothing is searched for, begun or taken on. Of two wishes in one message each
is decided on (runtime.second_wish). While a resolution flow waits for an answer its question gives the
message its meaning, so classification only says whether the customer has turned to something else
(runtime.flow_steps). A step that fails ends in an escalation with the step's name: unknown is never safe.
Decides neither what a rule means (escalation.engine) nor what is stored
(runtime.services).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from core.errors import DomainError
from escalation import engine
from escalation.attempts import failed_attempts
from escalation.contracts import TurnFacts
from escalation.defaults import PLAIN_MESSAGE
from escalation.firing import asks_for_human
from intents.contracts import IntentProfile, Segment
from kb.contracts import Audience, SearchHit
from runtime.clarification import option_chosen
from runtime.contracts import Customer, Step, TurnRequest
from runtime.flow_steps import flow_of_context, flow_take_on, message_read
from runtime.flows.texts import DONE
from runtime.handing_over import handoff_words, team_assign
from runtime.replies import answer_reply, clarify_reply, out_of_scope_reply
from runtime.second_wish import is_final, is_said_first, leads, put_off, two_wishes
from runtime.turn_state import FAILED, Context, Engines, Outcome, Overtaken

log = structlog.get_logger(__name__)
T = TypeVar("T")

SEARCH_LIMIT = 5


def run(request: TurnRequest, context: Context, engines: Engines) -> Outcome:
    """Return what the agent makes of one message. Raises nothing that an engine raises."""
    pending = context.pending
    customer = request.customer if request.customer.verified else Customer()
    chosen = option_chosen(request.text, pending.options) if pending and pending.options else None
    outcome = Outcome(
        facts=TurnFacts(
            text=request.text,
            clarifications_used=context.clarifications_used,
            earlier_human_requests=context.earlier_human_requests,
            pending_trigger=pending.trigger if pending else "",
            pending_text=pending.matched_text if pending else "",
            channel=request.channel,
            user_type=customer.user_type,
            tier=customer.tier,
            page=request.page,
            at=context.now.isoformat(),
        ),
        query=pending.text if pending and chosen else request.text,
        chosen_intent=chosen or "",
    )
    outcome.flow = flow_of_context(context)
    _gather(outcome, request, context, engines)
    _decide(outcome, engines)
    outcome = _with_second_wish(outcome, request, context, engines)
    if outcome.decision.action == engine.ACT:
        _flow(outcome, context, engines)
    _reply(outcome, request, context, engines)
    return outcome


def _gather(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> None:
    """Collect the facts, stopping at the first step that fails; in a flow nothing is searched for."""
    audience = _audience(request)
    steps: tuple[tuple[str, Callable[[], Mapping[str, Any]]], ...] = (
        ("rules", lambda: _read_rules(outcome, engines)),
        ("sense", lambda: _sense(outcome, engines)),
        ("classify", lambda: message_read(outcome, context, lambda: _classify(outcome, engines))),
        ("intent", lambda: _read_intent(outcome, engines)),
        ("attempts", lambda: _count_attempts(outcome, context)),
        ("search", lambda: _search(outcome, engines, audience, request.page)),
    )
    for name, step in steps:
        if name == "search" and (outcome.flow is not None or _is_over(outcome)):
            return
        if not _attempt(outcome, name, step):
            outcome.facts = replace(outcome.facts, failed_step=outcome.facts.failed_step or name)
            if name != "sense":  # what the message is about is worth knowing all the same
                return


def _is_over(outcome: Outcome) -> bool:
    """Tell whether nothing can answer any more: a step has failed or a hard rule fires."""
    return bool(outcome.facts.failed_step) or engine.hard_hit(outcome.facts, outcome.rule_set)


def _attempt(outcome: Outcome, name: str, step: Callable[[], Mapping[str, Any]]) -> bool:
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


def _count_attempts(outcome: Outcome, context: Context) -> Mapping[str, Any]:
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
        _take_up(outcome, wishes[0])
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


def _take_up(outcome: Outcome, wish: Segment) -> None:
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


def _read_intent(outcome: Outcome, engines: Engines) -> Mapping[str, Any]:
    outcome.profile = _profile(outcome.facts.intent, engines)
    profile = outcome.profile
    outcome.facts = replace(
        outcome.facts, intent_resolution=profile.resolution, intent_category=profile.category_id
    )
    if outcome.flow is None and not outcome.facts.is_fallback:
        outcome.offered = engines.active_flow(outcome.facts.intent)
        if outcome.offered is not None:
            outcome.facts = replace(outcome.facts, flow=engine.OFFERED)
    return {"label": profile.label, "resolution": profile.resolution, "category_id": profile.category_id}


def _search(outcome: Outcome, engines: Engines, audience: Audience, page: str) -> Mapping[str, Any]:
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


def _decide(outcome: Outcome, engines: Engines, name: str = "decide") -> None:
    def step() -> Mapping[str, Any]:
        outcome.decision = engines.decide(outcome.facts, outcome.rule_set)
        outcome.options = tuple(
            {"intent": slug, "label": _profile(slug, engines).label} for slug in outcome.decision.options
        )
        decided = {"action": outcome.decision.action, "reason": outcome.decision.reason}
        if outcome.decision.fault:
            log.error("rule_failed", fault=outcome.decision.fault)
            decided["fault"] = outcome.decision.fault
        return decided

    if not _attempt(outcome, name, step):
        outcome.facts = replace(outcome.facts, failed_step="decide")
        outcome.decision, outcome.options = FAILED, ()


def _with_second_wish(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> Outcome:
    """Decide on the second part too; return the outcome that leads the turn, with the other in ``also``."""
    wish = outcome.waiting_wish
    if wish is None or outcome.facts.failed_step or is_final(outcome.decision):
        return outcome
    second = replace(
        outcome, profile=None, search=None, offered=None, decision=FAILED, options=(), waiting_wish=None
    )
    second.is_second = True
    second.facts = replace(outcome.facts, answer_score=0.0, out_of_scope=False, flow="")
    _take_up(second, wish)
    audience = _audience(request)
    steps: tuple[tuple[str, Callable[[], Mapping[str, Any]]], ...] = (
        ("second_intent", lambda: _read_intent(second, engines)),
        ("second_attempts", lambda: _count_attempts(second, context)),
        ("second_search", lambda: _search(second, engines, audience, request.page)),
    )
    for name, step in steps:
        if name == "second_search" and _is_over(second):
            break
        if not _attempt(second, name, step):
            second.facts = replace(second.facts, failed_step=name)
            break
    _decide(second, engines, "second_decide")
    first_leads = not leads(outcome.decision, second.decision)
    leading, other = (outcome, second) if first_leads else (second, outcome)
    if not is_final(leading.decision) and not _same_answer(leading, other):
        leading.also = other
    return leading


def _same_answer(one: Outcome, other: Outcome) -> bool:
    """Tell whether both parts are answered by one section."""
    if not (one.decision.action == other.decision.action == engine.ANSWER and one.search and other.search):
        return False
    first, second = one.search.hits[0], other.search.hits[0]
    return (first.article_id, first.anchor) == (second.article_id, second.anchor)


def _flow(outcome: Outcome, context: Context, engines: Engines) -> None:
    """Begin the flow or take it on, and decide anew on what it has come to."""

    def take_on() -> Mapping[str, Any]:
        return flow_take_on(outcome, context, engines, lambda slug: _profile(slug, engines))

    if not _attempt(outcome, "flow", take_on):
        outcome.facts = replace(outcome.facts, failed_step="flow")
    _decide(outcome, engines)


def _reply(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> None:
    """Word the reply; where that fails, hand over instead, in the stored words or at last in ours."""

    def compose(step: str) -> bool:
        if outcome.decision.action == "escalate":
            # Without its team a customer waits in the common queue, and is handed over all the same.
            _attempt(outcome, "team", lambda: team_assign(outcome, request, context, engines))
        return _attempt(outcome, step, lambda: _compose(outcome, request, context, engines))

    if compose("reply"):
        return
    if outcome.decision.action != "escalate":
        outcome.facts = replace(outcome.facts, failed_step="reply")
        outcome.citations, outcome.also = (), None
        _decide(outcome, engines)
        if compose("handoff_message"):
            return
    outcome.reply = PLAIN_MESSAGE


def _compose(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> Mapping[str, Any]:
    """Word what the turn says, and what the other of two wishes got: a question or a person comes last."""
    details = _word(outcome, request, context, engines)
    other = outcome.also
    if other is None:
        return details
    if is_said_first(other.decision):
        _word(other, request, context, engines)
        follows = other.is_second and is_said_first(outcome.decision)
        first, last = (outcome, other) if follows else (other, outcome)
        outcome.reply, outcome.citations = (
            f"{first.reply}\n\n{last.reply}",
            (*first.citations, *last.citations),
        )
    elif other.profile:
        later = put_off(outcome.decision, other.decision, other.profile.label)
        outcome.reply = f"{later}\n\n{outcome.reply}" if later else outcome.reply
    return details


def _word(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> Mapping[str, Any]:
    action, found = outcome.decision.action, outcome.search
    if action == "escalate":
        outcome.reply = handoff_words(outcome, request, context, engines)
    elif action == "clarify":
        outcome.reply = clarify_reply(outcome.decision.reason, outcome.options)
    elif action == "out_of_scope" and found and found.out_of_scope:
        outcome.reply = out_of_scope_reply(found.out_of_scope, engines.article_url)
    elif action == engine.ACT and outcome.flow and outcome.flow.progress:
        outcome.reply = outcome.flow.progress.reply or DONE
    elif action == "answer" and found and found.hits:
        outcome.reply = answer_reply(found.hits, engines.article_url)
        outcome.citations = tuple(_citation(hit) for hit in found.hits[:1])
    else:
        raise ValueError(f"Nothing found goes with the decision {action!r}.")
    return {"wait_seconds": outcome.wait_seconds} if action == "escalate" else {}


def _profile(slug: str, engines: Engines) -> IntentProfile:
    profile = engines.intent_profile(slug)
    if profile is None:
        raise LookupError(f"The classifier names an intent that does not exist: {slug!r}.")
    return profile


def _audience(request: TurnRequest) -> Audience:
    customer = request.customer
    return Audience(customer.user_type, customer.tier) if customer.verified else Audience()


def _citation(hit: SearchHit) -> dict[str, Any]:
    return {
        "article_id": hit.article_id,
        "revision_id": hit.revision_id,
        "title": hit.title,
        "heading_path": list(hit.heading_path),
        "anchor": hit.anchor,
        "quote": hit.quote,
        "url": hit.url,
        "score": hit.score,
    }
