"""Try an operation until something is known about its effect, or until the deadline. Pure but for the clock.

The rule of repetition: what provably had no effect may be tried again; what may have had one only where the
system takes our key. Nothing else is ever sent twice. Knows no rows and no systems.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.errors import DomainError
from integrations.outgoing import (
    DONE,
    NO_EFFECT,
    READ,
    REFUSED,
    UNCLEAR,
    Access,
    Json,
    Outcome,
    Performable,
)
from runtime.actions.contracts import FAILED, SUCCEEDED, UNKNOWN

MAX_TRIES = 4
PAUSES_SECONDS = (0.2, 0.6, 1.5)
JITTER = 0.25  # of the pause, added
LEAST_SECONDS = 0.5  # a try that would have less is not begun


@dataclass(frozen=True, slots=True)
class Called:
    """How a call ended: ``state`` of the ledger, what was found, and each try as it is kept."""

    state: str
    outcome: Outcome
    trail: tuple[dict[str, Any], ...]
    broken: bool  # the last try could not reach the system


def call(
    operation: Performable,
    access: Access,
    payload: Json,
    *,
    key: str,
    deadline: float,
    before_try: Callable[[int], None] = lambda number: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Called:
    """Perform the operation; ``before_try(number)`` is told before each try, and written down first.

    The state is ``unknown`` if any try may have had an effect: what is refused or not found right after may
    still be on its way there.
    """
    trail: list[dict[str, Any]] = []
    unclear: Outcome | None = None
    for number in range(1, MAX_TRIES + 1):
        before_try(number)
        started = time.monotonic()
        outcome = _tried(operation, access, payload, key, deadline)
        trail.append(line("try", outcome, time.monotonic() - started))
        if outcome.kind == UNCLEAR:
            unclear = outcome
        if outcome.kind in (DONE, REFUSED) or not _again(operation, outcome):
            break
        pause = _pause(number, outcome)
        if number == MAX_TRIES or time.monotonic() + pause + LEAST_SECONDS > deadline:
            break
        sleep(pause)
    return Called(_state(operation, outcome, unclear), _told(outcome, unclear), tuple(trail), outcome.broken)


def line(what: str, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """Return what is kept of a try or a look; ``wait_seconds`` only where the system asked to wait."""
    kept = {"what": what, "found": outcome.kind, "code": outcome.code, "ms": round(seconds * 1000)}
    return kept if outcome.wait_seconds is None else {**kept, "wait_seconds": outcome.wait_seconds}


def _tried(operation: Performable, access: Access, payload: Json, key: str, deadline: float) -> Outcome:
    """Perform once; a refusal of our own before sending is one, and a bug may have come after it."""
    try:
        return operation.perform(access, payload, key=key, deadline=deadline)
    except DomainError as refusal:
        return Outcome(REFUSED, message=refusal.message, code=refusal.code)


def _again(operation: Performable, outcome: Outcome) -> bool:
    return outcome.kind == NO_EFFECT or operation.effect == READ or operation.repeatable


def _pause(number: int, outcome: Outcome) -> float:
    if outcome.wait_seconds is not None:
        return outcome.wait_seconds
    pause = PAUSES_SECONDS[min(number, len(PAUSES_SECONDS)) - 1]
    return pause * (1 + JITTER * random.random())  # noqa: S311  # nosec B311


def _state(operation: Performable, outcome: Outcome, unclear: Outcome | None) -> str:
    if outcome.kind == DONE:
        return SUCCEEDED
    if operation.effect == READ or unclear is None:
        return FAILED
    return UNKNOWN


def _told(outcome: Outcome, unclear: Outcome | None) -> Outcome:
    """Return what is said of the call: of an unknown one, why it is not known."""
    if outcome.kind == DONE or unclear is None:
        return outcome
    return replace(outcome, message=unclear.message, code=unclear.code)
