"""The way of a pilot: start, one stage forward, a larger share, back, end. Each move is signed.

A person decides; pilot.services.conditions says what must hold. Stopping and going on after it is
pilot.services.switch. Every move is one compare-and-set: of two people who move at once one wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, InvalidInput, StaleTransition
from core.permissions import require
from core.transitions import move
from core.writing import write_transaction
from pilot import workflow
from pilot.baselines import baseline_of
from pilot.figures.selectors import gate_of
from pilot.gate import Condition
from pilot.models import Pilot, StageMove
from pilot.services.conditions import Gate, next_conditions
from pilot.services.signing import SIGN, bundle_now, gate_json, move_sign, reason_check, state_of
from pilot.targets import targets_missing
from runtime.placement import FULL, LIMITED, SHADOW

MAX_PERCENT = 99
STALE = "Somebody else has moved this pilot in the meantime. Reload it and look again."
SHADOW_ONLY = "A rehearsal on closed tickets serves nobody: it stays in shadow mode."


def pilot_start(*, actor: Actor, pilot: Pilot, reason: str, gate: Gate = gate_of) -> StageMove:
    """Start a planned pilot in shadow mode and lock its targets and its baseline.

    Refused: targets_missing, another_pilot_runs (one below full), scope_taken, gate_closed (a further pilot
    is an expansion: what runs must allow it), pilot_halted (one is stopped).
    """
    require(actor, SIGN)
    kept = reason_check(reason)
    before, opened = state_of(pilot), {}
    if pilot.source == workflow.LIVE_SOURCE:
        _require_targets(pilot)
        opened = _expansion(pilot, gate)
    bundle, baseline, now = bundle_now(), baseline_of(pilot.category_id), timezone.now()
    changes: dict[str, Any] = {"stage": SHADOW, "started_at": now, "locked_at": now, "baseline": baseline}
    try:
        with write_transaction():
            move(pilot, to=workflow.RUNNING, allowed={workflow.PLANNED: (workflow.RUNNING,)}, **changes)
            return move_sign(
                actor=actor,
                pilot=pilot,
                verb=StageMove.Verb.START,
                before=before,
                reason=kept,
                bundle=bundle,
                gate=opened,
            )
    except IntegrityError as error:  # somebody started another one between the look and the write
        raise Conflict(
            "Another pilot has been started in the meantime. Reload and look again.",
            code="another_pilot_runs",
        ) from error


def pilot_forward(
    *, actor: Actor, pilot: Pilot, reason: str, percent: int | None = None, gate: Gate = gate_of
) -> StageMove:
    """Move a running pilot one stage on; ``percent`` is the share with which ``limited`` begins.

    Refused without override where a condition does not hold (gate_closed, not_enough_reviews).
    """
    require(actor, SIGN)
    kept = reason_check(reason)
    if pilot.source == workflow.REPLAY_SOURCE:
        raise Conflict(SHADOW_ONLY, code="rehearsal_stays_in_shadow")
    _require_running(pilot)
    if pilot.stage == FULL:
        raise Conflict("It is at the last stage already.", code="last_stage")
    further = workflow.STAGES[workflow.STAGES.index(pilot.stage) + 1]
    changes: dict[str, Any] = {"stage": further}
    if further == LIMITED and percent is not None:
        changes["percent"] = _percent(percent)
    if further == FULL and pilot.full_at is None:
        changes["full_at"] = timezone.now()
    held = next_conditions(pilot, gate=gate)
    _require_held(held, "not_enough_reviews" if pilot.stage == SHADOW else "gate_closed")
    return _move_stage(actor, pilot, StageMove.Verb.FORWARD, changes, kept, gate_json(held))


def pilot_share(*, actor: Actor, pilot: Pilot, percent: int, reason: str, gate: Gate = gate_of) -> StageMove:
    """Change the share of customers that get replies at once; more of them only where the gate is open."""
    require(actor, SIGN)
    kept = reason_check(reason)
    _require_running(pilot)
    if pilot.stage != LIMITED:
        raise Conflict("Only the stage “limited” has a share.", code="no_share")
    share = _percent(percent)
    if share == pilot.percent:
        raise InvalidInput(f"The share is {share} % already.", code="same_share")
    held: tuple[Condition, ...] = ()
    if share > pilot.percent:
        held = gate(pilot).conditions
        _require_held(held, "gate_closed")
    return _move_stage(
        actor, pilot, StageMove.Verb.PERCENT, {"percent": share}, kept, gate_json(held) if held else {}
    )


def pilot_end(*, actor: Actor, pilot: Pilot, reason: str, opens_to_all: bool = False) -> StageMove:
    """End a pilot for good; its drafts, reviews and figures stay.

    Where it is the last live one that decides, the agent answers everybody afterwards: refused
    (agent_would_answer_all) unless ``opens_to_all`` says that this is meant.
    """
    require(actor, SIGN)
    kept = reason_check(reason)
    if ending_opens_to_all(pilot) and not opens_to_all:
        raise Conflict(
            "No other pilot runs: without one the agent answers everybody, on every channel, at once. Tick "
            "that this is meant, or press “Stop now” instead: then people have every conversation.",
            code="agent_would_answer_all",
        )
    if pilot.state == workflow.ENDED:
        raise Conflict("It has ended already.", code="has_ended")

    def others_decide() -> None:
        """Look again where nobody else can end one: two who each count on the other pilot are refused."""
        left = [
            pk for pk in current_live().select_for_update().values_list("pk", flat=True) if pk != pilot.pk
        ]
        if not left and not opens_to_all:
            raise StaleTransition(STALE)

    return stage_change(
        actor,
        pilot,
        StageMove.Verb.END,
        {"state": workflow.ENDED, "ended_at": timezone.now()},
        kept,
        states=(pilot.state,),
        check=others_decide if ending_counts(pilot) else None,
    )


def ending_counts(pilot: Pilot) -> bool:
    """Tell whether the pilot decides about customers, so that its end changes something for them."""
    return pilot.source == workflow.LIVE_SOURCE and pilot.state in workflow.CURRENT


def ending_opens_to_all(pilot: Pilot) -> bool:
    """Tell whether no live pilot would be left to decide about conversations."""
    return ending_counts(pilot) and not current_live().exclude(pk=pilot.pk).exists()


def start_problem(pilot: Pilot, *, gate: Gate = gate_of) -> str:
    """Say what stands in the way of a planned pilot's start; empty where nothing does."""
    if pilot.source != workflow.LIVE_SOURCE:
        return ""
    try:
        _require_targets(pilot)
        _expansion(pilot, gate)
    except Conflict as refusal:
        return refusal.message
    return ""


def current_live() -> Any:
    """Return the live pilots that decide about conversations, the first one first."""
    return Pilot.objects.filter(source=workflow.LIVE_SOURCE, state__in=workflow.CURRENT).order_by("pk")


def stage_change(
    actor: Actor,
    pilot: Pilot,
    verb: str,
    changes: dict[str, Any],
    reason: str,
    gate: dict[str, Any] | None = None,
    *,
    states: tuple[str, ...],
    check: Callable[[], None] | None = None,
) -> StageMove:
    """Write a move, signed; StaleTransition where stage or share have moved or the state is none of these.

    ``check`` is called first, within the transaction.
    """
    before, bundle = state_of(pilot), bundle_now()
    with write_transaction():
        if check is not None:
            check()
        rows = Pilot.objects.filter(
            pk=pilot.pk, state__in=states, stage=pilot.stage, percent=pilot.percent
        ).update(**changes)
        if not rows:
            raise StaleTransition(STALE, extra={"expected": before})
        for name, value in changes.items():
            setattr(pilot, name, value)
        return move_sign(
            actor=actor, pilot=pilot, verb=verb, before=before, reason=reason, bundle=bundle, gate=gate
        )


def _move_stage(
    actor: Actor, pilot: Pilot, verb: str, changes: dict[str, Any], reason: str, gate: dict[str, Any]
) -> StageMove:
    return stage_change(actor, pilot, verb, changes, reason, gate, states=(workflow.RUNNING,))


def _require_running(pilot: Pilot) -> None:
    if pilot.state != workflow.RUNNING:
        raise Conflict(
            f"This pilot is {pilot.get_state_display().lower()}; only a running one can be moved on.",
            code="not_running",
            extra={"state": pilot.state},
        )


def _require_targets(pilot: Pilot) -> None:
    missing = targets_missing(pilot.targets)
    if missing:
        raise Conflict(
            "Say first what good looks like; it is locked at the start. Missing: "
            f"{', '.join(missing)}. Set them on the pilot's page.",
            code="targets_missing",
            extra={"missing": missing},
        )


def _expansion(pilot: Pilot, gate: Gate) -> dict[str, Any]:
    """Refuse to open a further scope where what runs does not allow it; return what was seen of it."""
    seen: dict[str, Any] = {}
    for other in current_live().exclude(pk=pilot.pk).select_related("category"):
        if other.scope_kind == pilot.scope_kind and other.scope_value == pilot.scope_value:
            raise Conflict(f"“{other}” has this scope already. End it first.", code="scope_taken")
        if other.stage != FULL:
            raise Conflict(
                f"“{other}” runs and is not at full yet: one scope at a time. Move it on, or end it, before "
                "you open another.",
                code="another_pilot_runs",
                extra={"pilot": other.pk},
            )
        if other.state == workflow.HALTED:
            raise Conflict(
                f"“{other}” is stopped. Find out why, then resume or end it, before you open another scope.",
                code="pilot_halted",
                extra={"pilot": other.pk},
            )
        conditions = gate(other).conditions
        _require_held(conditions, "gate_closed", of=other)
        seen[str(other.pk)] = gate_json(conditions)["conditions"]
    return {"pilots": seen} if seen else {}


def _require_held(conditions: tuple[Condition, ...], code: str, of: Pilot | None = None) -> None:
    missing = [one for one in conditions if not one.holds]
    if missing:
        whose = f"“{of}” does not allow a further scope yet. " if of else "Not yet. "
        raise Conflict(
            whose + " ".join(one.why for one in missing),
            code=code,
            extra={"conditions": [one.name for one in missing]},
        )


def _percent(percent: int) -> int:
    if not 1 <= percent <= MAX_PERCENT:
        raise InvalidInput(
            f"The share is a number from 1 to {MAX_PERCENT}; all of the scope is the stage “full”.",
            code="bad_share",
        )
    return percent
