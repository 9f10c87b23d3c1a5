"""Going live and back: permission, exactly one live, a bad file never live, other processes at once."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from core.actors import Actor
from core.errors import Conflict, NotAllowed, StaleTransition, Unavailable
from core.models import Activity, User
from intents import inference
from intents.classifier import ArtefactRefused
from intents.models import ModelVersion, Release
from intents.services import (
    model_version_retire,
    release_activate,
    release_restore,
    release_roll_back,
)

TEXT = "my password reset link has expired"
MakeVersion = Callable[..., ModelVersion]


def artefact_path(version: ModelVersion, model_dir: Path) -> Path:
    return model_dir / version.artefact_name


@pytest.mark.row("3.20")
def test_an_activation_is_written_served_and_recorded(make_version: MakeVersion, actor: Actor) -> None:
    release = release_activate(actor=actor, version=make_version(), note="First")
    answer = inference.classify(TEXT)
    assert (answer.release, answer.model_version, answer.intent) == (1, 1, "account_access")
    assert Activity.objects.get(verb="release.activated").after == {
        "release": 1,
        "model_version_id": release.model_version_id,
        "note": "First",
    }


@pytest.mark.row("3.20")
def test_a_rollback_takes_less_than_five_seconds_and_a_second_one_goes_further_back(
    make_version: MakeVersion, actor: Actor
) -> None:
    for version in (make_version(), make_version(0.2), make_version(0.3)):
        release_activate(actor=actor, version=version)
        inference.classify(TEXT)
    started = time.perf_counter()
    release_roll_back(actor=actor)
    answer = inference.classify(TEXT)
    assert time.perf_counter() - started < 5
    assert (answer.release, answer.model_version, answer.threshold) == (4, 2, 0.2)
    release_roll_back(actor=actor)
    assert inference.classify(TEXT).model_version == 1
    with pytest.raises(Conflict) as refusal:
        release_roll_back(actor=actor)
    assert refusal.value.code == "no_earlier_release"
    assert list(Release.objects.order_by("number").values_list("model_version__number", "is_live")) == [
        (1, False),
        (2, False),
        (3, False),
        (2, False),
        (1, True),
    ]
    assert Activity.objects.filter(verb="release.rolled_back").count() == 2


@pytest.mark.row("3.20", "5.11")
def test_a_release_of_the_past_is_brought_back_by_its_number(make_version: MakeVersion, actor: Actor) -> None:
    for version in (make_version(), make_version(0.2), make_version(0.3)):
        release_activate(actor=actor, version=version)
    again = release_restore(actor=actor, number=1, note="With the pilot")
    assert (again.number, again.model_version.number, again.restores.number) == (4, 1, 1)
    assert inference.classify(TEXT).model_version == 1
    assert release_restore(actor=actor, number=3).model_version.number == 3
    over_again = release_restore(actor=actor, number=4)
    assert (over_again.model_version.number, over_again.restores.number) == (1, 1)
    for number, code in ((1, "already_live"), (99, "no_such_release")):
        with pytest.raises(Conflict) as refusal:
            release_restore(actor=actor, number=number)
        assert refusal.value.code == code
    assert Release.objects.count() == 6


@pytest.mark.row("3.20")
def test_only_people_with_the_permission_release(
    make_version: MakeVersion, actor: Actor, make_user: Callable[..., User]
) -> None:
    release_activate(actor=actor, version=make_version())
    other = make_version(0.2)
    tagger = Actor.of_user(make_user("kim", "intents.change_intent", "intents.change_modelversion"))
    for refused in (tagger, Actor("api_key", 1, "bot"), Actor("user", 999, "nobody")):
        with pytest.raises(NotAllowed):
            release_activate(actor=refused, version=other)
        with pytest.raises(NotAllowed):
            release_roll_back(actor=refused)
        with pytest.raises(NotAllowed):
            release_restore(actor=refused, number=1)
    assert Release.objects.get().model_version_id != other.pk
    lead = Actor.of_user(make_user("lee", "intents.release_model"))
    assert release_activate(actor=lead, version=other).activated_by_id == lead.id


@pytest.mark.parametrize("state", ["training", "refused", "retired"])
def test_only_a_ready_version_goes_live(make_version: MakeVersion, actor: Actor, state: str) -> None:
    version = make_version()
    ModelVersion.objects.filter(pk=version.pk).update(state=state)
    version.refresh_from_db()
    with pytest.raises(Conflict) as refusal:
        release_activate(actor=actor, version=version)
    assert refusal.value.code == "version_not_ready"
    assert not Release.objects.exists()


def test_a_version_retired_by_somebody_else_meanwhile_does_not_go_live(
    make_version: MakeVersion, actor: Actor
) -> None:
    version = make_version()
    model_version_retire(actor=actor, version=ModelVersion.objects.get(pk=version.pk))
    with pytest.raises(Conflict):
        release_activate(actor=actor, version=version)
    assert not Release.objects.exists()


def test_the_live_version_is_neither_activated_again_nor_retired(
    make_version: MakeVersion, actor: Actor
) -> None:
    version = make_version()
    release_activate(actor=actor, version=version)
    with pytest.raises(Conflict) as again:
        release_activate(actor=actor, version=version)
    with pytest.raises(Conflict) as retired:
        model_version_retire(actor=actor, version=version)
    assert (again.value.code, retired.value.code) == ("already_live", "version_is_live")
    assert ModelVersion.objects.get(pk=version.pk).state == "ready"
    assert Release.objects.count() == 1


def test_the_database_lets_one_release_be_live(make_version: MakeVersion, actor: Actor) -> None:
    version = make_version()
    release_activate(actor=actor, version=version)
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(number=2, model_version=version)


@pytest.mark.row("R47")
def test_a_pickle_in_the_place_of_a_model_is_refused_and_never_run(
    make_version: MakeVersion, actor: Actor, model_dir: Path, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"

    class Attack:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {canary}",)

    version = make_version()
    content = pickle.dumps(Attack())
    artefact_path(version, model_dir).write_bytes(content)
    version.artefact_bytes = len(content)
    with pytest.raises(ArtefactRefused):
        release_activate(actor=actor, version=version)
    assert not canary.exists()
    assert not Release.objects.exists()


@pytest.mark.row("R49")
def test_flipped_and_cut_files_are_refused_and_the_previous_version_keeps_serving(
    make_version: MakeVersion, actor: Actor, model_dir: Path
) -> None:
    release_activate(actor=actor, version=make_version())
    before = inference.classify(TEXT)
    other = make_version(0.2)
    path = artefact_path(other, model_dir)
    sound = path.read_bytes()
    damaged = [
        sound[: len(sound) // 2],
        sound + b"x",
        b"",
        artefact_path(make_version(), model_dir).read_bytes(),
    ]
    for position in range(0, len(sound), len(sound) // 20):
        flipped = bytearray(sound)
        flipped[position] ^= 1
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ArtefactRefused):
            release_activate(actor=actor, version=other)
    path.unlink()
    with pytest.raises(ArtefactRefused):
        release_activate(actor=actor, version=other)
    assert inference.classify(TEXT) == before
    assert Release.objects.count() == 1


@pytest.mark.row("R49")
@pytest.mark.parametrize(
    "change",
    [
        {"library_versions": {"scikit-learn": "0.1", "skops": "0.1"}},
        {"encoder_fingerprint": "another"},
        {"artefact_sha256": "0" * 64},
        {"artefact_name": "../outside.skops"},
        {"artefact_name": ""},
    ],
)
def test_a_file_of_other_libraries_encoder_or_place_is_refused(
    make_version: MakeVersion, actor: Actor, change: dict[str, object]
) -> None:
    version = make_version()
    ModelVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(ArtefactRefused):
        release_activate(actor=actor, version=ModelVersion.objects.get(pk=version.pk))
    assert not Release.objects.exists()


@pytest.mark.row("R49")
def test_a_file_damaged_while_live_keeps_the_previous_model_serving(
    make_version: MakeVersion, actor: Actor, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_activate(actor=actor, version=make_version())
    inference.classify(TEXT)
    other = make_version(0.2)
    release_activate(actor=actor, version=other)
    path = artefact_path(other, model_dir)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    assert inference.classify(TEXT).model_version == 1, "this process had the earlier one loaded"
    monkeypatch.setattr(inference, "_live_model", inference.LiveModel())
    assert inference.classify(TEXT).model_version == 1, "a fresh process takes the earlier release"
    path.write_bytes(sound)
    assert inference.classify(TEXT).model_version == 1, "not looked at again so soon"
    monkeypatch.setattr(inference, "RETRY_SECONDS", 0.0)
    assert inference.classify(TEXT).model_version == 2


def test_a_fresh_process_with_nothing_but_a_damaged_file_says_so(
    make_version: MakeVersion, actor: Actor, model_dir: Path
) -> None:
    version = make_version()
    release_activate(actor=actor, version=version)
    artefact_path(version, model_dir).write_bytes(b"")
    with pytest.raises(Unavailable) as refusal:
        inference.classify(TEXT)
    assert refusal.value.code == "model_damaged"


SERVE_ONCE = """
import os, sys, django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.MODEL_DIR = sys.argv[2]
from intents import inference
answer = inference.classify(sys.argv[3])
print(answer.release, answer.model_version, answer.intent)
"""


@pytest.mark.row("3.20")
@pytest.mark.django_db(transaction=True)
def test_another_process_serves_the_new_release_at_once(
    make_version: MakeVersion, actor: Actor, model_dir: Path
) -> None:
    release_activate(actor=actor, version=make_version())
    release_activate(actor=actor, version=make_version(0.2))
    name = str(connection.settings_dict["NAME"])
    answer = subprocess.run(
        [sys.executable, "-c", SERVE_ONCE, name, str(model_dir), TEXT],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "supportadmin.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["2", "2", "account_access"]


@pytest.mark.row("R50")
@pytest.mark.django_db(transaction=True)
def test_during_twenty_promotions_each_answer_comes_from_exactly_one_complete_version(
    make_version: MakeVersion, actor: Actor
) -> None:
    versions = [make_version(), make_version(0.2)]
    thresholds = {version.number: version.threshold for version in versions}
    release_activate(actor=actor, version=versions[0])
    answers, stop = [], threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                answers.append(inference.classify(TEXT))
        finally:
            connection.close()

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for turn in range(20):
        release_activate(actor=actor, version=versions[(turn + 1) % 2])
    while not any(answer.release == 21 for answer in answers[-3:]):
        time.sleep(0.01)
    stop.set()
    for asker in askers:
        asker.join()
    live_as = dict(Release.objects.values_list("number", "model_version__number"))
    assert len(live_as) == 21
    assert all(live_as[a.release] == a.model_version for a in answers)
    assert all(thresholds[a.model_version] == a.threshold for a in answers)
    assert {a.intent for a in answers} == {"account_access"}
    assert len({a.release for a in answers}) > 2


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_release_at_once_one_is_told(make_version: MakeVersion, actor: Actor) -> None:
    first, second, third = make_version(), make_version(0.2), make_version(0.3)
    release_activate(actor=actor, version=first)
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def release(version: ModelVersion) -> None:
        try:
            gate.wait()
            release_activate(actor=actor, version=version)
            outcomes.append("done")
        except StaleTransition:
            outcomes.append("told")
        finally:
            connection.close()

    people = [threading.Thread(target=release, args=(version,)) for version in (second, third)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert Release.objects.live().count() == 1
    assert outcomes.count("done") + outcomes.count("told") == 2
    assert Release.objects.count() == 1 + outcomes.count("done")


def test_what_is_wrong_with_the_live_model_is_said(
    make_version: Callable[..., ModelVersion], actor: Actor, model_dir: Path
) -> None:
    assert inference.live_model_problem() == ""
    first, second = make_version(), make_version(0.2)
    release_activate(actor=actor, version=first)
    assert inference.live_model_problem() == ""
    release_activate(actor=actor, version=second)
    (model_dir / second.artefact_name).write_bytes(b"cut")
    assert inference.live_model_problem() == (
        "The file of Release 2 cannot be used, so Release 1 answers in its place."
    )
