"""Actions that only pretend. Takes the place of runtime.actions.services.action_run; sends, writes nothing.

The arguments are judged by the real rules (``build``: a dry run), so that a call that could never be made
does not succeed here either. The same key has one result; after three changes a conversation gets no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pilot.simulations.script import FAILS, SUCCEEDS, TIMES_OUT, Mock
from runtime.actions.contracts import (
    DRY_RUN,
    FAILED,
    SUCCEEDED,
    UNKNOWN,
    ActionCall,
    ActionInfo,
    ActionResult,
    ActionRunner,
)
from runtime.actions.services import MAX_WRITES

MESSAGES = {
    SUCCEEDS: "Pretended to succeed.",
    FAILS: "Pretended to fail.",
    TIMES_OUT: "Pretended to time out.",
    "unknown": "Pretended that nobody knows what became of it.",
}


@dataclass(frozen=True, slots=True)
class Called:
    """One call as it was asked for, and what was pretended."""

    action: str
    arguments: Mapping[str, str]
    state: str
    message: str
    mocked: bool


@dataclass(slots=True)
class MockedActions:
    """The runner of one scenario. Actions that it says nothing of succeed, with stand-ins for their data."""

    mocks: Mapping[str, Mock]
    known: Mapping[str, ActionInfo]
    build: ActionRunner
    called: list[Called] = field(default_factory=list)
    _results: dict[str, ActionResult] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _writes: int = 0

    def __call__(self, call: ActionCall) -> ActionResult:
        if call.idempotency_key not in self._results:
            result = self._result(call)
            self._results[call.idempotency_key] = result
            self.called.append(
                Called(
                    call.action, dict(call.arguments), result.state, result.message, call.action in self.mocks
                )
            )
        return self._results[call.idempotency_key]

    def _result(self, call: ActionCall) -> ActionResult:
        built = self.build(replace(call, dry_run=True))
        if built.state != DRY_RUN or call.dry_run:
            return built
        info = self.known.get(call.action)
        writes = info is not None and info.writes
        if call.action not in self.mocks and info is not None and not info.is_ready:
            return ActionResult(FAILED, message="It is switched off.", payload=built.payload)
        if writes and self._writes >= MAX_WRITES:
            message = f"This conversation has had {MAX_WRITES} actions; a person takes over."
            return ActionResult(FAILED, message=message, payload=built.payload)
        mock = self.mocks.get(
            call.action, Mock(data={name: f"‹{name}›" for name in (info.data if info else ())})
        )
        number = self._counts.get(call.action, 0)
        self._counts[call.action] = number + 1
        outcome = mock.outcomes[min(number, len(mock.outcomes) - 1)]
        state = _state(outcome, writes)
        if writes and state != FAILED:
            self._writes += 1
        data = dict(mock.data) if state == SUCCEEDED else {}
        return ActionResult(state, data, mock.message or MESSAGES[outcome], payload=built.payload)


def _state(outcome: str, writes: bool) -> str:
    """Return the state that the ledger would have: a reading call that times out has had no effect."""
    if outcome == SUCCEEDS:
        return SUCCEEDED
    if outcome == FAILS or (outcome == TIMES_OUT and not writes):
        return FAILED
    return UNKNOWN
