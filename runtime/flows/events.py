"""What happened in a flow, turn by turn, as rows and packets keep it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from runtime.flows.contracts import FlowTurn


def events_of(turn: FlowTurn, number: int, at: datetime) -> list[dict[str, Any]]:
    """Return what the turn did in its flow, as rows and packets keep it; no values."""
    when = at.isoformat()
    return [
        {
            "turn": number,
            "at": when,
            "step": event.step,
            "outcome": event.outcome,
            "detail": event.detail,
        }
        for event in (turn.progress.events if turn.progress else ())
    ]
