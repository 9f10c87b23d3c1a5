"""A flow as a turn meets it: the version that is active, a run that goes on, what one turn made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.flows.definition import Flow
from runtime.flows.interpreter import Position, Progress


@dataclass(frozen=True, slots=True)
class ActiveFlow:
    """One version of an intent's flow, ready to run."""

    version_id: int
    number: int
    intent: str
    title: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class RunningFlow:
    """A run that waits for its next message. ``key`` begins the idempotency keys of its actions."""

    active: ActiveFlow
    position: Position
    key: str
    events: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class FlowTurn:
    """A flow's part in one turn; ``progress`` is None until the turn has taken it on."""

    active: ActiveFlow
    key: str
    before: Position = field(default_factory=Position)
    events_before: Sequence[Mapping[str, Any]] = ()
    progress: Progress | None = None
    abandoned: str = ""  # why the customer left it, where they did

    @property
    def position(self) -> Position:
        """Where it stands now."""
        return self.progress.position if self.progress else self.before

    @property
    def is_waiting(self) -> bool:
        """Whether a question of it waits for its answer."""
        return self.progress is not None and not self.progress.outcome
