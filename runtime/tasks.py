"""Background work of the runtime: what conversations showed, what became of actions, what is forgotten."""

from __future__ import annotations

from typing import Any

from core.actors import Actor
from core.jobs import Progress, handler
from kb.gaps.collecting import COLLECT_TASK, tickets_collect
from kb.gaps.resolving import gaps_check
from runtime.actions.reconciling import RETRY_TASK, ledger_reconcile, ledger_send
from runtime.actions.retention import ledger_forget
from runtime.actions.services import RECONCILE_TASK
from runtime.delivery.queueing import DELIVER_TASK
from runtime.delivery.sending import deliveries_sweep, lane_advance
from runtime.inbound.handling import event_handle, inbound_forget
from runtime.inbound.receiving import HANDLE_TASK
from runtime.learning import turns_collect, votes_collect
from runtime.repeats.checking import CHECK_TASK, repeats_check
from runtime.verdicts.drawing import DRAW_TASK, verdicts_draw_when_due

ACTOR = Actor.system(COLLECT_TASK)


@handler(COLLECT_TASK)
def collect(*, progress: Progress) -> dict[str, Any]:
    """Read what is new in turns, feedback and tickets, then look which gaps are closed by now.

    Stopped anywhere it goes on where it was; a second run finds nothing new.
    """
    done = turns_collect(actor=ACTOR, progress=progress)
    done |= votes_collect(actor=ACTOR)
    done |= tickets_collect(actor=ACTOR, progress=progress)
    return done | {"resolved": gaps_check(actor=ACTOR)}


@handler(RECONCILE_TASK)
def reconcile_actions(*, progress: Progress, ledger_id: int | None = None) -> dict[str, Any]:
    """Look what became of calls whose outcome is unknown: of all that are due, or of one."""
    return dict(ledger_reconcile(ledger_id=ledger_id))


@handler(RETRY_TASK)
def retry_action(*, progress: Progress, ledger_id: int) -> dict[str, Any]:
    """Send a call again that had no effect; a second run finds it sent."""
    return {"state": ledger_send(ledger_id)}


@handler("runtime.tasks.forget_actions")
def forget_actions(*, progress: Progress) -> dict[str, Any]:
    """Delete customers' words from old calls, and from webhooks that nobody has dealt with."""
    return {"forgotten": ledger_forget(), "webhooks": inbound_forget()}


@handler(HANDLE_TASK)
def handle_inbound(*, progress: Progress, event_id: int) -> dict[str, Any]:
    """Do what a webhook asks for, and those that wait in its conversation; a second run finds it done."""
    return dict(event_handle(event_id))


@handler(DELIVER_TASK)
def deliver_handoff(*, progress: Progress, handoff_id: int, destination_id: int) -> dict[str, Any]:
    """Tell a destination what it is due to be told of a handoff; a second run finds it told."""
    return dict(lane_advance(handoff_id=handoff_id, destination_id=destination_id))


@handler("runtime.tasks.sweep_deliveries")
def sweep_deliveries(*, progress: Progress) -> dict[str, Any]:
    """Go on with deliveries whose job was lost, or whose call a person has settled."""
    return dict(deliveries_sweep())


@handler(CHECK_TASK)
def check_repeats(*, progress: Progress) -> dict[str, Any]:
    """Read the first human replies of handoffs that have ended; a second run finds nothing new."""
    return dict(repeats_check(progress=progress))


@handler(DRAW_TASK)
def draw_verdicts(*, progress: Progress) -> dict[str, Any]:
    """Draw the week's sample of turns to judge; until a week has gone by it draws nothing."""
    return {"drawn": verdicts_draw_when_due(actor=Actor.system(DRAW_TASK))}
