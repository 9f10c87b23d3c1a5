"""Talk to a flow that is not saved: the live interpreter, and actions that only pretend. Keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.errors import InvalidInput
from runtime.actions.contracts import DRY_RUN, FAILED, ActionCall, ActionInfo, ActionResult, ActionRunner
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.flows.definition import Flow
from runtime.flows.interpreter import Means, Position, Progress, begin, missing, proceed

SUCCEEDS, FAILS = "succeeds", "fails"


def pretend(outcome: str, known: Mapping[str, ActionInfo]) -> ActionRunner:
    """Return a runner that does nothing and says that each action has succeeded, or failed."""

    def run(call: ActionCall) -> ActionResult:
        if outcome == FAILS:
            return ActionResult(FAILED, message="Pretended to fail.")
        info = known.get(call.action)
        names = info.data if info else ()
        return ActionResult(
            DRY_RUN,
            {name: f"‹{name}›" for name in names},
            "Nothing was sent.",
            payload=dict(call.arguments),
        )

    return run


def simulate(
    flow: Flow,
    state: Mapping[str, Any] | None,
    message: str,
    *,
    outcome: str,
    known: Mapping[str, ActionInfo],
    today: date,
) -> dict[str, Any]:
    """Return what the flow says to the message, and the state to hand back with the next one.

    Raises InvalidInput for a state that this flow cannot be in, as after an edit.
    """
    if not message.strip() or len(message) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(f"Write a message of at most {MAX_TEXT_CHARACTERS} characters.", code="bad_text")
    means = Means(run_action=pretend(outcome, known), today=today, key="simulation", dry_run=True)
    try:
        progress = proceed(flow, _position(state), message, means) if state else begin(flow, message, means)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            "The flow has changed under this conversation. Start over.", code="stale_simulation"
        ) from error
    return _answer(flow, progress)


def _position(state: Mapping[str, Any]) -> Position:
    """Return the position that a browser handed back; raise TypeError or ValueError for anything else."""
    position = Position.of_json(state)
    counts = (position.asked, position.passed, position.visits)
    texts = (position.slots, *position.results.values())
    if not all(isinstance(number, int) for count in counts for number in count.values()):
        raise TypeError("Counts are whole numbers.")
    if not all(isinstance(value, str) for values in texts for value in values.values()):
        raise TypeError("Values are texts.")
    return position


def _answer(flow: Flow, progress: Progress) -> dict[str, Any]:
    position = progress.position
    return {
        "says": progress.says,
        "state": None if progress.outcome else position.as_json(),
        "step": position.step,
        "slots": dict(position.slots),
        "missing": [] if progress.outcome else missing(flow, position),
        "outcome": progress.outcome,
        "reason": progress.reason,
        "actions": [taken.as_json() for taken in progress.actions],
        "events": [f"{event.step}: {event.outcome}" for event in progress.events],
    }
