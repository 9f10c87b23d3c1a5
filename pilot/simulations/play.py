"""Play a scenario through the real pipeline: nothing is written, nothing is sent, and each play is the same.

What a conversation carries from message to message is kept here as runtime.services.turns keeps it in rows.
The clock stands still, actions pretend, waiting times are not promised; rules, words, index and classifier
are the real ones. Decides nothing about right or wrong (pilot.simulations.assertions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from escalation.attempts import EarlierTurn
from pilot.simulations.mocks import Called, MockedActions
from pilot.simulations.script import PILOTS, Script
from pilot.simulations.transcript import PlayedTurn
from runtime.actions.contracts import ActionInfo
from runtime.clarification import Pending
from runtime.contracts import Customer, TurnRequest
from runtime.flows.contracts import RunningFlow
from runtime.flows.interpreter import missing
from runtime.pipeline import NOT_IN_PILOT, run
from runtime.placement import SHADOW, Scope, place, place_by_category
from runtime.turn_state import Context, Engines, Outcome

NOON = datetime(2026, 1, 14, 11, 0, tzinfo=UTC)  # a Wednesday, in office hours of most of the world
WITH_HUMAN = "with_human"
CUSTOMER = "simulated customer"


@dataclass(frozen=True, slots=True)
class Stage:
    """What scenarios are played with: engines (actions are replaced), known actions, running pilots."""

    engines: Engines
    known: Mapping[str, ActionInfo] = field(default_factory=dict)
    scopes: tuple[Scope, ...] = ()
    zone: Callable[[datetime], datetime] = lambda at: at  # into the workspace's own time


@dataclass(slots=True)
class _Conversation:
    """What one message leaves for the next."""

    clarifications_used: int = 0
    human_requests: int = 0
    pending: Pending | None = None
    run: RunningFlow | None = None
    earlier: tuple[EarlierTurn, ...] = ()
    email_was_asked: bool = False
    pilot_id: int | None = None
    with_human: bool = False
    runs: int = 0

    def new_key(self) -> str:
        """Return the key of the next run."""
        self.runs += 1
        return f"simulation-{self.runs}"


def play(script: Script, stage: Stage) -> tuple[PlayedTurn, ...]:
    """Return what the agent makes of each of the customer's messages."""
    actions = MockedActions(script.mocks, stage.known, stage.engines.run_action)
    engines = replace(stage.engines, run_action=actions, wait_seconds=lambda team: None)
    conversation = _Conversation()
    played: list[PlayedTurn] = []
    for number, step in enumerate(script.steps, 1):
        if conversation.with_human:
            played.append(PlayedTurn(number, step.say, "", WITH_HUMAN, WITH_HUMAN))
            continue
        before = len(actions.called)
        request = TurnRequest(step.say, channel=script.channel, customer=_customer(script), page=script.page)
        outcome = run(request, _context(script, stage, conversation), engines)
        played.append(_turn(number, step.say, outcome, actions.called[before:]))
        _carry(conversation, step.say, outcome)
    return tuple(played)


def _customer(script: Script) -> Customer:
    return Customer(**script.customer, verified=bool(script.customer))


def _context(script: Script, stage: Stage, conversation: _Conversation) -> Context:
    placed: dict[str, Any] = {}
    if script.place == PILOTS and stage.scopes:
        customer = script.customer.get("external_id") or CUSTOMER
        placed = {
            "placement": place(
                stage.scopes, channel=script.channel, customer=customer, placed_in=conversation.pilot_id
            ),
            "place": lambda category: place_by_category(
                stage.scopes, category_id=category, customer=customer
            ),
        }
    return Context(
        clarifications_used=conversation.clarifications_used,
        earlier_human_requests=conversation.human_requests,
        pending=conversation.pending,
        run=conversation.run,
        new_run_key=conversation.new_key,
        dry_run=False,  # the runner only pretends
        now=stage.zone(script.at or NOON),
        locale=script.customer.get("locale", ""),
        email_is_wanted=lambda: not conversation.email_was_asked,
        earlier=conversation.earlier,
        **placed,
    )


def _carry(conversation: _Conversation, said: str, outcome: Outcome) -> None:
    """Keep what the next message is to know, as the rows of a conversation would."""
    facts, decision = outcome.facts, outcome.decision
    is_shadow = outcome.placement.mode == SHADOW
    asks = decision.action == "clarify" and not is_shadow
    escalates = decision.action == "escalate"
    conversation.clarifications_used += asks
    conversation.human_requests += outcome.asked_for_human
    matched = decision.escalation.matched_text if decision.escalation else ""
    trigger = decision.escalation.trigger if decision.escalation else ""
    conversation.pending = Pending(trigger, said, matched, outcome.options) if asks else None
    conversation.run = _run_after(conversation.run, outcome)
    intent = "" if facts.is_fallback else facts.intent
    if not is_shadow:  # nobody has read what was only drafted: it was no attempt
        conversation.earlier += (EarlierTurn(said, intent, decision.action, decision.reason),)
    conversation.email_was_asked |= outcome.asks_for_email or bool(outcome.contact_email)
    if outcome.placement.in_scope and outcome.placement.pilot_id is not None:
        conversation.pilot_id = outcome.placement.pilot_id
    conversation.with_human = escalates and not is_shadow


def _run_after(before: RunningFlow | None, outcome: Outcome) -> RunningFlow | None:
    """Return the run that waits for the next message, if one does."""
    turn = outcome.flow
    if outcome.decision.action == NOT_IN_PILOT:
        return before
    if turn is None or outcome.decision.action == "escalate":
        return None
    if turn.progress is None:  # a question came between, or the flow was only offered
        return before if before is not None and before.key == turn.key else None
    return None if turn.progress.outcome else RunningFlow(turn.active, turn.position, turn.key)


def _turn(number: int, said: str, outcome: Outcome, called: list[Called]) -> PlayedTurn:
    facts, decision, turn = outcome.facts, outcome.decision, outcome.flow
    known = bool(facts.intent)
    waits = turn is not None and turn.is_waiting and decision.action != "escalate"
    found = outcome.classification
    return PlayedTurn(
        number=number,
        say=said,
        reply=outcome.reply,
        decision=decision.action,
        reason=decision.reason,
        mode=outcome.placement.mode,
        intent=facts.intent,
        confidence=facts.confidence if known else None,
        is_fallback=facts.is_fallback if known else None,
        citations=tuple(
            {"article_id": one["article_id"], "title": one["title"]} for one in outcome.citations
        ),
        options=tuple(option["intent"] for option in outcome.options),
        out_of_scope=decision.action == "out_of_scope",
        escalation=_escalation(outcome),
        flow=turn.active.title if turn else "",
        flow_step=turn.position.step if turn and waits else "",
        flow_outcome=turn.progress.outcome if turn and turn.progress else "",
        slots=dict(turn.position.slots) if turn else {},
        missing=tuple(missing(turn.active.flow, turn.position)) if turn and waits else (),
        actions=tuple(asdict(one) for one in called),
        failed_step=outcome.failed_step.name if outcome.failed_step else "",
        versions={
            "release": found.release if found else None,
            "model_version": found.model_version if found else None,
            "index": outcome.search.index_version if outcome.search else None,
            "rule_set": outcome.rule_set.version,
        },
    )


def _escalation(outcome: Outcome) -> dict[str, Any] | None:
    rule = outcome.decision.escalation
    if outcome.decision.action != "escalate" or rule is None:
        return None
    return {
        "kind": rule.kind,
        "trigger": rule.trigger,
        "rule_id": rule.rule_id,
        "matched_text": rule.matched_text,
    }
