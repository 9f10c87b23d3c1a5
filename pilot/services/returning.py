"""Back to an earlier stage: always allowed, and with the model that answered then where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.actors import Actor
from core.errors import Conflict, DomainError
from core.permissions import require
from intents.selectors import live_release
from intents.services import release_restore
from pilot import workflow
from pilot.models import Pilot, StageMove
from pilot.services.signing import SIGN, bundle_now, reason_check
from pilot.services.stages import stage_change

RELEASE = "intents.release_model"


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the bundle that is not what it was at the stage; ``where`` says how a person restores it."""

    part: str
    then: int | None
    now: int | None
    where: str = ""

    def __str__(self) -> str:
        return f"{self.part} was {_version(self.then)}, is {_version(self.now)}"


@dataclass(frozen=True, slots=True)
class Return:
    """What a way back has done: the move, the release that is live again, and what is left to a person."""

    move: StageMove
    restored: str = ""
    left: tuple[str, ...] = field(default=())


def earlier_stages(pilot: Pilot) -> tuple[str, ...]:
    """Return the stages that a pilot may go back to."""
    if pilot.state not in workflow.CURRENT:
        return ()
    return workflow.STAGES[: workflow.STAGES.index(pilot.stage)]


def bundle_differences(pilot: Pilot, stage: str) -> tuple[Difference, ...]:
    """Return how what is live differs from what was live when the pilot last entered the stage."""
    entered = pilot.moves.filter(to_stage=stage).exclude(from_stage=stage).order_by("-pk").first()
    entered = entered or pilot.moves.filter(to_stage=stage).order_by("pk").first()
    if entered is None:
        return ()
    then, now = entered.bundle, bundle_now()
    parts = (
        ("release", "The release of intents", ""),
        (
            "index",
            "The search index",
            "the index follows the articles; roll back their revisions under Step 2",
        ),
        (
            "rules",
            "The rule set",
            "open that version under Step 4, Rule sets, and set the rules as they were",
        ),
    )
    return tuple(
        Difference(label, then.get(name), now[name], where)
        for name, label, where in parts
        if name in then and then[name] != now[name]
    )


def pilot_back(*, actor: Actor, pilot: Pilot, to: str, reason: str, restore: bool = False) -> Return:
    """Move a pilot back to any earlier stage, running or stopped; no condition stands in the way.

    ``restore`` also brings back the release of intents that was live then; needs intents.release_model. The
    move comes first, for it protects customers; where the release is refused after it, Return says so.
    """
    require(actor, SIGN)
    kept = reason_check(reason)
    if restore:
        require(actor, RELEASE)
    if to not in earlier_stages(pilot):
        raise Conflict(
            f"From “{pilot.stage}” there is no way back to “{to}”.",
            code="not_an_earlier_stage",
            extra={"stage": pilot.stage, "to": to},
        )
    differences = bundle_differences(pilot, to)
    signed = stage_change(actor, pilot, StageMove.Verb.BACK, {"stage": to}, kept, states=workflow.CURRENT)
    left = [f"{one}: {one.where}." for one in differences if one.where]
    restored = ""
    release = next((one for one in differences if not one.where), None)
    if release is not None and not restore:
        left.insert(0, f"{release}: bring it back under Step 3, Releases.")
    elif release is not None:
        try:
            restored = _release_back(actor, pilot, release)
        except DomainError as refusal:
            left.insert(0, f"{release}, and could not be brought back: {refusal.message}")
    return Return(signed, restored, tuple(left))


def _release_back(actor: Actor, pilot: Pilot, release: Difference) -> str:
    """Bring back the release that was live then; return its name."""
    if release.then is None:
        raise Conflict("nothing was live then.", code="no_release")
    live = live_release()
    if live is not None and live.number == release.then:
        return str(live)
    made = release_restore(
        actor=actor, number=release.then, note=f"With pilot “{pilot}”, back to the stage “{pilot.stage}”"
    )
    return f"{made}, which is release {release.then} again"


def _version(number: int | None) -> str:
    return "none" if number is None else str(number)
