"""A resolution flow within a turn: whether the message stays in it, and what it makes of the message.

Decides neither what a flow's steps do (runtime.flows.interpreter) nor which rule wins (escalation.engine).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from escalation import engine
from escalation.contracts import TurnFacts
from intents.contracts import IntentProfile
from runtime.actions.contracts import ActionCall
from runtime.flows import interpreter, leaving
from runtime.flows.contracts import FlowTurn
from runtime.flows.interpreter import Means
from runtime.turn_state import Context, Engines, Outcome

# So sure must the classifier be of another intent for a message in the middle of a flow to leave the flow.
LEAVE_CONFIDENCE, LEAVE_MARGIN = 0.7, 0.3


def flow_of_context(context: Context) -> FlowTurn | None:
    """Return the running flow's part in the turn that begins, if one runs."""
    running = context.run
    return FlowTurn(running.active, running.key, running.position, running.events) if running else None


def message_read(
    outcome: Outcome, context: Context, classify: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Classify, unless the message plainly answers a flow's question; see whether it leaves the flow.

    While it does not, the facts say the flow's intent; where the classifier is sure of another one they say
    that, so that rules about it (people only, a flagged category) are asked.
    """
    running = outcome.flow
    if running is None:
        return classify()
    text, step = outcome.facts.text, running.position.step
    kind = leaving.message_kind(running.active.flow, step, text, today=context.today)
    details: dict[str, Any] = {"answers": f"step {step} of {running.active.title}", "as": kind}
    before = outcome.facts
    if kind not in (leaving.ANSWER, leaving.CANCEL):
        details |= classify()
        if _is_sure(outcome.facts) and outcome.facts.intent != running.active.intent:
            if kind == leaving.NO_ANSWER or leaving.switches(text):
                running.abandoned = f"The customer turned to {outcome.facts.intent}."[:300]
                outcome.left, outcome.flow = running, None
                return {**details, "left": running.active.title}
            outcome.facts = replace(outcome.facts, flow=engine.RUNNING)
            return details
    outcome.facts = _facts_of_flow(before, running.active.intent)
    return details


def _placed(call: ActionCall, turn: FlowTurn, context: Context) -> ActionCall:
    """Say in the call where it is made, for those who read the ledger."""
    where = f"{turn.active.title} v{turn.active.number}, {call.reference}"
    return replace(call, conversation_id=context.conversation_id(), reference=where)


def _facts_of_flow(facts: TurnFacts, intent: str) -> TurnFacts:
    """Return the facts of a message that a running flow gives its meaning."""
    return replace(
        facts,
        intent=intent,
        confidence=1.0,
        threshold=0.0,
        margin=1.0,
        is_fallback=False,
        alternatives=(),
        flow=engine.RUNNING,
    )


def _is_sure(facts: TurnFacts) -> bool:
    sure = facts.confidence >= max(facts.threshold, LEAVE_CONFIDENCE) and facts.margin >= LEAVE_MARGIN
    return sure and not facts.is_fallback


def flow_take_on(
    outcome: Outcome, context: Context, engines: Engines, profile_of: Callable[[str], IntentProfile]
) -> Mapping[str, Any]:
    """Begin the flow that is offered, or take the running one on; the facts then say what it has come to."""
    begins = outcome.flow is None
    if outcome.flow is None:
        if outcome.offered is None:
            raise LookupError("Nothing but a flow can act, and there is none.")
        outcome.flow = FlowTurn(outcome.offered, context.new_run_key())
    turn = outcome.flow
    flow = turn.active.flow
    means = Means(
        run_action=lambda call: engines.run_action(_placed(call, turn, context)),
        today=context.today,
        key=f"flow:{turn.key}",
        dry_run=not outcome.acts(context),
        before_act=lambda position: context.before_act(turn, position),
    )
    progress = (
        interpreter.begin(flow, outcome.query, means)
        if begins
        else interpreter.proceed(flow, turn.before, outcome.facts.text, means)
    )
    turn.progress = progress
    facts = outcome.facts if begins else _facts_of_flow(outcome.facts, turn.active.intent)
    outcome.profile = profile_of(turn.active.intent)
    outcome.facts = replace(
        facts,
        flow=progress.outcome or engine.RUNNING,
        intent_resolution=outcome.profile.resolution,
        intent_category=outcome.profile.category_id,
    )
    return {
        "flow": turn.active.title,
        "version": turn.active.number,
        "step": progress.position.step,
        "events": [f"{event.step}: {event.outcome}" for event in progress.events],
    }
