"""Fixtures of the intents' tests: people, intents with real phrasings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import intents.tasks  # noqa: F401 - registers the job handler that run_due() looks up
from core.actors import Actor
from core.models import User
from intents import inference, ports
from intents.artefacts import artefact_load, artefact_write
from intents.dataset import Dataset
from intents.models import Intent, ModelVersion
from intents.services import (
    NewExample,
    examples_add,
    intent_create,
    training_prepare,
    training_run,
    trainings,
)
from intents.training import TrainedModel, train
from intents.workflow import ENOUGH_LIVE_INTERACTIONS
from supportadmin.roles import roles_sync
from tests.intents.phrases import PHRASES


@pytest.fixture
def actor() -> Actor:
    """Return the system as the one who acts."""
    return Actor.system("tests")


@pytest.fixture
def after_the_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there have been as many live interactions as lift the limit of core intents."""
    monkeypatch.setattr(ports, "_sources", [lambda at_most: min(at_most, ENOUGH_LIVE_INTERACTIONS)])


@pytest.fixture
def with_role(make_user: Callable[..., User]) -> Callable[[str, str], User]:
    """Make a member of staff in a role, such as "Tagger"."""

    def make(username: str, role: str) -> User:
        roles_sync()
        return make_user(username, roles=(role,))

    return make


@pytest.fixture
def make_intent(db: None, actor: Actor) -> Callable[..., Intent]:
    """Make an active intent with ``real`` ticket phrasings and ``synthetic`` invented ones."""

    def make(slug: str = "billing", *, real: int = 0, synthetic: int = 0, state: str = "active") -> Intent:
        label = slug.replace("_", " ").capitalize()
        intent = intent_create(actor=actor, slug=slug, label=label, state=state)
        rows = [NewExample(f"{slug} real phrasing number {n}", "ticket", f"T-{n}") for n in range(real)]
        rows += [NewExample(f"{slug} invented phrasing number {n}", "synthetic") for n in range(synthetic)]
        report = examples_add(actor=actor, intent=intent, rows=rows)
        assert report.refused == ()
        return intent

    return make


@pytest.fixture
def support_intents(db: None, actor: Actor) -> dict[str, Intent]:
    """Make the small data set of five intents with real phrasings, ready to be trained on."""
    intents = {}
    for slug, phrases in PHRASES.items():
        label = slug.replace("_", " ").capitalize()
        intents[slug] = intent_create(actor=actor, slug=slug, label=label, state="active")
        rows = [NewExample(text, "ticket", f"{slug}-{n}") for n, text in enumerate(phrases, start=1)]
        assert examples_add(actor=actor, intent=intents[slug], rows=rows).refused == ()
    return intents


@pytest.fixture
def model_dir(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test its own model folder, and a process that has loaded no model yet."""
    folder = tmp_path / "models"
    folder.mkdir()
    settings.MODEL_DIR = folder
    monkeypatch.setattr(inference, "_live_model", inference.LiveModel())
    return folder


_trained: dict[str, TrainedModel] = {}


@pytest.fixture
def train_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on the same data only once in all tests; the classifier is the real one."""

    def train_or_recall(dataset: Dataset, **options: Any) -> TrainedModel:
        if dataset.fingerprint not in _trained:
            _trained[dataset.fingerprint] = train(dataset, **options)
        return _trained[dataset.fingerprint]

    monkeypatch.setattr(trainings, "train", train_or_recall)


@pytest.fixture
def make_version(
    support_intents: dict[str, Intent], actor: Actor, model_dir: Path, train_once: None
) -> Callable[..., ModelVersion]:
    """Make ready versions of one trained classifier that differ in their threshold and their file."""
    first = training_run(version_id=training_prepare(actor=actor).version.pk)
    classifier = artefact_load(first)
    versions = [first]

    def make(threshold: float | None = None) -> ModelVersion:
        if threshold is None:
            return first
        number = len(versions) + 1
        artefact = artefact_write(classifier.with_threshold(threshold), version_number=number)
        version = ModelVersion.objects.get(pk=first.pk)
        version.pk = None
        version._state.adding = True
        version.number, version.threshold = number, threshold
        version.artefact_name, version.artefact_sha256 = artefact.name, artefact.sha256
        version.artefact_bytes = artefact.size_bytes
        version.save()
        versions.append(version)
        return version

    return make
