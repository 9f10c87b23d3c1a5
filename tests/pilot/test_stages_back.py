"""On the way back the model of then answers again, and what no button restores is named."""

from __future__ import annotations

from typing import Any

import pytest

from core.actors import Actor
from core.errors import Conflict, NotAllowed
from intents.models import DatasetSnapshot, ModelVersion, Release
from pilot.models import Pilot, StageMove
from pilot.services import pilot_back, returning
from pilot.services.returning import bundle_differences
from tests.pilot.conftest import SYSTEM

RULES_LEFT = (
    "The rule set was 7, is 0: open that version under Step 4, Rule sets, and set the rules as they were."
)


@pytest.fixture
def pilot(make_pilot) -> Pilot:
    """Return a pilot that began under release 1 and is at assist under release 2."""
    snapshot = DatasetSnapshot.objects.create(sha256="0" * 64, rows=[], counts={}, label_names={})
    for number in (1, 2):
        version = ModelVersion.objects.create(number=number, snapshot=snapshot, state="refused")
        Release.objects.create(number=number, model_version=version, is_live=number == 2)
    made = make_pilot(stage="assist")
    for verb, came, went, release, rules in (
        ("start", "shadow", "shadow", 1, 7),
        ("forward", "shadow", "assist", 2, 0),
    ):
        bundle = {"release": release, "index": 0, "rules": rules}
        StageMove.objects.create(
            pilot=made, verb=verb, from_stage=came, to_stage=went, reason="r", bundle=bundle, signed_by="kim"
        )
    return made


@pytest.fixture
def restored(monkeypatch) -> list[Any]:
    calls: list[Any] = []

    def restore(*, actor: Actor, number: int, note: str) -> str:
        calls.append((number, note))
        return "Release 3"

    monkeypatch.setattr(returning, "release_restore", restore)
    return calls


@pytest.mark.row("5.11")
def test_the_release_of_then_is_live_again_and_the_rest_is_named(pilot, restored):
    done = pilot_back(actor=SYSTEM, pilot=pilot, to="shadow", reason="It answers worse", restore=True)
    assert restored == [(1, "With pilot “E-mail first”, back to the stage “shadow”")]
    assert done.restored == "Release 3, which is release 1 again"
    assert done.left == (RULES_LEFT,)
    assert done.move.bundle["release"] == 2  # what was live at the moment of the move
    assert Pilot.objects.get().stage == "shadow"


def test_without_the_wish_nothing_is_released_and_the_difference_is_said(pilot, restored):
    done = pilot_back(actor=SYSTEM, pilot=pilot, to="shadow", reason="r")
    assert (restored, done.restored) == ([], "")
    assert done.left == (
        "The release of intents was 1, is 2: bring it back under Step 3, Releases.",
        RULES_LEFT,
    )


@pytest.mark.row("5.11")
def test_a_refused_release_does_not_hold_up_the_way_back(pilot, monkeypatch):
    def refuse(**_: Any) -> None:
        raise Conflict("Its file is gone.", code="artefact_missing")

    monkeypatch.setattr(returning, "release_restore", refuse)
    done = pilot_back(actor=SYSTEM, pilot=pilot, to="shadow", reason="r", restore=True)
    assert Pilot.objects.get().stage == "shadow"
    assert done.left[0].endswith("was 1, is 2, and could not be brought back: Its file is gone.")


@pytest.mark.row("5.11")
def test_restoring_needs_the_permission_to_release_and_is_asked_before_anything(pilot, make_user, restored):
    lead = Actor.of_user(make_user("kim", "pilot.sign_pilot"))
    with pytest.raises(NotAllowed):
        pilot_back(actor=lead, pilot=pilot, to="shadow", reason="r", restore=True)
    assert (Pilot.objects.get().stage, StageMove.objects.count(), restored) == ("assist", 2, [])
    pilot_back(actor=lead, pilot=pilot, to="shadow", reason="r")
    assert Pilot.objects.get().stage == "shadow"


def test_what_is_as_it_was_is_no_difference(pilot):
    assert [one.part for one in bundle_differences(pilot, "assist")] == []
    assert [one.part for one in bundle_differences(pilot, "shadow")] == [
        "The release of intents",
        "The rule set",
    ]
    assert bundle_differences(pilot, "limited") == ()
