"""One turn, from the customer's words to a decision and a reply. Orchestration only: engines are passed in.

rules → sense → clarifying answer → classify → intent → search → decide → flow → decide → reply. Danger in the
words is sensed before anything could answer: where a hard rule fires, the message is still classified, for
the person who takes over, and nothing is searched for, begun or taken on. Of two wishes in one message each
is decided on (runtime.second_wish). While a resolution flow waits for an answer its question gives the
message its meaning, so classification only says whether the customer has turned to something else
(runtime.flow_steps). A step that fails ends in an escalation with the step's name: unknown is never safe.
Decides neither what a rule means (escalation.engine) nor what is stored (runtime.services).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from escalation import engine
from escalation.contracts import Decision, TurnFacts
from escalation.defaults import PLAIN_MESSAGE
from runtime.clarification import option_chosen
from runtime.composing import compose
from runtime.contracts import Customer, TurnRequest
from runtime.flow_steps import flow_of_context, flow_take_on
from runtime.gathering import (
    attempt,
    audience_of,
    count_attempts,
    gather,
    is_over,
    profile_of,
    read_intent,
    search,
    take_up,
)
from runtime.handing_over import team_assign
from runtime.placement import Placement
from runtime.second_wish import is_final, leads
from runtime.turn_state import FAILED, Context, Engines, Outcome

log = structlog.get_logger(__name__)

NOT_IN_PILOT = "not_in_pilot"


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
    if context.placement is not None and not context.placement.in_scope:
        return _left_alone(outcome, context.placement)
    outcome.flow = flow_of_context(context)
    gather(outcome, request, context, engines)
    outcome.placement = context.placement or _placement_by_category(outcome, context)
    if not outcome.placement.in_scope:
        return _left_alone(outcome, outcome.placement)
    _decide(outcome, engines)
    outcome = _with_second_wish(outcome, request, context, engines)
    if outcome.decision.action == engine.ACT:
        _flow(outcome, context, engines)
    _reply(outcome, request, context, engines)
    return outcome


def _placement_by_category(outcome: Outcome, context: Context) -> Placement:
    """Return where the message's category stands; one that is not certain is nobody's."""
    facts = outcome.facts
    is_known = facts.intent and not facts.is_fallback and not facts.failed_step
    return context.place(facts.intent_category if is_known else None)


def _left_alone(outcome: Outcome, placement: Placement) -> Outcome:
    """Leave the message to people: no pilot covers it, so nothing is said, begun or handed over."""
    outcome.placement = placement
    outcome.decision = Decision(NOT_IN_PILOT, placement.reason)
    outcome.flow = None
    return outcome


def _decide(outcome: Outcome, engines: Engines, name: str = "decide") -> None:
    def step() -> Mapping[str, Any]:
        outcome.decision = engines.decide(outcome.facts, outcome.rule_set)
        outcome.options = tuple(
            {"intent": slug, "label": profile_of(slug, engines).label} for slug in outcome.decision.options
        )
        decided = {"action": outcome.decision.action, "reason": outcome.decision.reason}
        if outcome.decision.fault:
            log.error("rule_failed", fault=outcome.decision.fault)
            decided["fault"] = outcome.decision.fault
        return decided

    if not attempt(outcome, name, step):
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
    take_up(second, wish)
    audience = audience_of(request)
    steps: tuple[tuple[str, Callable[[], Mapping[str, Any]]], ...] = (
        ("second_intent", lambda: read_intent(second, engines)),
        ("second_attempts", lambda: count_attempts(second, context)),
        ("second_search", lambda: search(second, engines, audience, request.page)),
    )
    for name, step in steps:
        if name == "second_search" and is_over(second):
            break
        if not attempt(second, name, step):
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
        return flow_take_on(outcome, context, engines, lambda slug: profile_of(slug, engines))

    if not attempt(outcome, "flow", take_on):
        outcome.facts = replace(outcome.facts, failed_step="flow")
    _decide(outcome, engines)


def _reply(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> None:
    """Word the reply; where that fails, hand over instead, in the stored words or at last in ours."""

    def worded(step: str) -> bool:
        if outcome.decision.action == "escalate":
            # Without its team a customer waits in the common queue, and is handed over all the same.
            attempt(outcome, "team", lambda: team_assign(outcome, request, context, engines))
        return attempt(outcome, step, lambda: compose(outcome, request, context, engines))

    if worded("reply"):
        return
    if outcome.decision.action != "escalate":
        outcome.facts = replace(outcome.facts, failed_step="reply")
        outcome.citations, outcome.also = (), None
        _decide(outcome, engines)
        if worded("handoff_message"):
            return
    outcome.reply = PLAIN_MESSAGE
