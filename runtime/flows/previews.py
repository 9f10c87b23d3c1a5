"""A flow's state between two previews, which no row keeps: as JSON that the page hands back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.flows.contracts import FlowTurn, RunningFlow
from runtime.flows.interpreter import Position
from runtime.flows.runs import active_version


def flow_state(turn: FlowTurn | None) -> dict[str, Any] | None:
    """Return where the flow waits, or None where none does."""
    if turn is None or not turn.is_waiting:
        return None
    return {"version": turn.active.version_id, "position": turn.position.as_json()}


def flow_state_read(state: Mapping[str, Any]) -> RunningFlow | None:
    """Return the run that ``flow_state`` described; None where its version is gone.

    The caller vouches that the state is one that ``flow_state`` gave.
    """
    active = active_version(int(state["version"]))
    return RunningFlow(active, Position.of_json(state["position"]), "preview") if active else None
