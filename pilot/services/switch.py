"""The kill switch: from the next message on nothing of a pilot is the agent's. And the way on after it.

It leans on nothing that may be broken or slow: no figures, no condition, no stage, no lock but the row's.
What the runtime reads with each turn (pilot.selectors.scopes_running) is the very row that is written here.
"""

from __future__ import annotations

from typing import Any

import structlog

from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from core.writing import write_transaction
from pilot import workflow
from pilot.models import Pilot, StageMove
from pilot.services.signing import HALT, SIGN, bundle_now, move_sign, reason_check, state_of
from pilot.services.stages import stage_change

STOPPED = "Stopped at once."
log = structlog.get_logger(__name__)


def pilot_halt(*, actor: Actor, pilot_id: int, reason: str = "") -> bool:
    """Stop a running pilot at once, whatever its stage; return False where it was stopped already.

    One UPDATE, signed in its transaction. Raises Conflict (not_running) where it has not begun or has ended.
    """
    require(actor, HALT)
    kept = reason.strip()[:300] or STOPPED
    bundle = _bundle_if_known()
    with write_transaction():
        stopped = Pilot.objects.filter(pk=pilot_id, state=workflow.RUNNING).update(state=workflow.HALTED)
        pilot = Pilot.objects.filter(pk=pilot_id).first()
        if pilot is None or (not stopped and pilot.state != workflow.HALTED):
            raise Conflict("This pilot does not run, so there is nothing to stop.", code="not_running")
        if stopped:
            before = {**state_of(pilot), "state": workflow.RUNNING}
            move_sign(
                actor=actor,
                pilot=pilot,
                verb=StageMove.Verb.HALT,
                before=before,
                reason=kept,
                bundle=bundle,
            )
    return bool(stopped)


def pilot_resume(*, actor: Actor, pilot: Pilot, reason: str) -> StageMove:
    """Let a stopped pilot run again, in the stage in which it was stopped."""
    require(actor, SIGN)
    kept = reason_check(reason)
    if pilot.state != workflow.HALTED:
        raise Conflict(
            "Only a stopped pilot can be resumed.", code="not_halted", extra={"state": pilot.state}
        )
    return stage_change(
        actor, pilot, StageMove.Verb.RESUME, {"state": workflow.RUNNING}, kept, states=(workflow.HALTED,)
    )


def _bundle_if_known() -> dict[str, Any]:
    """Return the live versions; nothing where they cannot be read, for stopping must not hang on it."""
    try:
        return dict(bundle_now())
    except Exception:  # whatever is broken elsewhere, the pilot is stopped
        log.warning("pilot_halt_without_versions", exc_info=True)
        return {}
