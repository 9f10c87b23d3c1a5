"""The signature under each move of a pilot: who, why, on which figures, with which versions live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from escalation.selectors import live_rule_set
from intents.selectors import live_release
from kb.index_version import current
from pilot.gate import Condition
from pilot.models import Pilot, StageMove

SIGN = "pilot.sign_pilot"
HALT = "pilot.halt_pilot"
MAX_REASON = 300


def bundle_now() -> dict[str, int | None]:
    """Return the versions that decide now: release of intents, search index, rule set."""
    release = live_release()
    return {
        "release": release.number if release else None,
        "index": current().number,
        "rules": live_rule_set().version,
    }


def reason_check(reason: str) -> str:
    """Return the reason as it is kept; each move has one, so that it can be read later."""
    kept = reason.strip()
    if not kept:
        raise InvalidInput("Say why, in a sentence: it is kept with your name.", code="reason_required")
    if len(kept) > MAX_REASON:
        raise InvalidInput(f"Give the reason in at most {MAX_REASON} characters.", code="reason_too_long")
    return kept


def gate_json(conditions: Sequence[Condition]) -> dict[str, Any]:
    """Return conditions as a signed move keeps them."""
    return {
        "holds": all(one.holds for one in conditions),
        "conditions": [{"name": one.name, "holds": one.holds, "why": one.why} for one in conditions],
    }


def state_of(pilot: Pilot) -> dict[str, Any]:
    """Return the fields of a pilot that moves change, as the activity log keeps them."""
    return {"state": pilot.state, "stage": pilot.stage, "percent": pilot.percent}


def move_sign(
    *,
    actor: Actor,
    pilot: Pilot,
    verb: str,
    before: dict[str, Any],
    reason: str,
    bundle: dict[str, Any],
    gate: dict[str, Any] | None = None,
) -> StageMove:
    """Write the move and its line in the activity log; call in the transaction of the move itself.

    ``pilot`` holds the fields as they are by now, ``before`` (state_of) as they were.
    """
    move = StageMove.objects.create(
        pilot=pilot,
        verb=verb,
        from_stage=before["stage"],
        to_stage=pilot.stage,
        percent=pilot.percent if pilot.stage == Pilot.Stage.LIMITED else None,
        reason=reason,
        gate=gate or {},
        bundle=bundle,
        signed_by=actor.label[:150],
    )
    said = StageMove.Verb(verb).name.lower()
    activity.record(
        actor, f"pilot.{LOGGED[said]}", pilot, before=before, after={**state_of(pilot), "reason": reason}
    )
    return move


LOGGED = {
    "start": "started",
    "forward": "moved_on",
    "percent": "changed_share_of",
    "back": "moved_back",
    "halt": "stopped",
    "resume": "resumed",
    "end": "ended",
}
