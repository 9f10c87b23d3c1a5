"""Training as a service, a job and a command: refusals, snapshots, idempotence, honest figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from core import jobs
from core.actors import Actor
from core.errors import Conflict
from core.models import Activity, Job
from intents.models import DatasetSnapshot, Example, Intent, ModelVersion, Release
from intents.services import (
    example_add,
    example_retire,
    training_prepare,
    training_run,
    training_start,
)

pytestmark = pytest.mark.usefixtures("model_dir", "train_once")


def nothing_was_written(model_dir: Path) -> bool:
    rows = DatasetSnapshot.objects.count() + ModelVersion.objects.count() + Job.objects.count()
    return rows == 0 and not list(model_dir.iterdir())


@pytest.mark.row("3.3")
def test_an_intent_with_seven_real_examples_stops_the_training_and_nothing_is_written(
    support_intents: dict[str, Intent], actor: Actor, model_dir: Path
) -> None:
    intent = support_intents["bug_report"]
    example_retire(actor=actor, example=intent.examples.first())
    with pytest.raises(Conflict) as refusal:
        training_start(actor=actor)
    assert refusal.value.code == "too_few_examples"
    [short] = refusal.value.extra["too_few_examples"]["intents"]
    assert short == {"slug": "bug_report", "real_examples": 7, "synthetic_examples": 0, "missing": 1}
    assert nothing_was_written(model_dir)
    assert not Activity.objects.filter(verb="training.started").exists()

    example_add(actor=actor, intent=intent, text="An invented one", origin="synthetic")
    with pytest.raises(Conflict):
        training_start(actor=actor)
    example_add(actor=actor, intent=intent, text="A real one", origin="review", source_ref="R-1")
    assert training_start(actor=actor).is_new


@pytest.mark.row("3.5")
def test_the_same_text_in_two_intents_stops_the_training(
    support_intents: dict[str, Intent], actor: Actor, model_dir: Path
) -> None:
    copied = Example.objects.filter(intent=support_intents["bug_report"]).first()
    assert copied is not None
    Example.objects.create(
        intent=support_intents["data_export"],
        text=copied.text,
        text_hash=copied.text_hash,
        origin="synthetic",
    )
    with pytest.raises(Conflict) as refusal:
        training_start(actor=actor)
    assert refusal.value.code == "same_text_in_two_intents"
    assert nothing_was_written(model_dir)


@pytest.mark.row("3.15", "3.16", "3.14")
def test_a_training_job_leaves_a_ready_version_with_honest_figures(
    support_intents: dict[str, Intent], actor: Actor, model_dir: Path
) -> None:
    start = training_start(actor=actor)
    assert jobs.run_due() == 1
    job = Job.objects.get()
    assert (job.state, job.error) == ("succeeded", "")
    version = ModelVersion.objects.get()
    assert version.pk == start.version.pk
    assert version.state == "ready"
    [file] = model_dir.iterdir()
    assert (file.name, file.stat().st_size) == (version.artefact_name, version.artefact_bytes)
    assert set(version.library_versions) == {"scikit-learn", "skops", "numpy", "onnxruntime"}
    metrics = version.metrics
    assert (metrics["n_examples"], metrics["n_evaluated"]) == (41, 41)
    assert {row["slug"]: row["n"] for row in metrics["per_intent"]} == {
        "account_access": 9,
        "billing_inquiry": 8,
        "bug_report": 8,
        "data_export": 8,
        "integration_setup": 8,
    }
    for row in metrics["per_intent"]:
        expected = 2 * row["precision"] * row["recall"] / max(1e-9, row["precision"] + row["recall"])
        assert row["f1"] == pytest.approx(expected)
        assert sum(c["n"] for c in row["confused_with"]) == pytest.approx(row["n"] * (1 - row["recall"]))
    assert 0 <= metrics["ece"] <= 1
    assert {row["slug"]: row["threshold"] for row in metrics["per_intent"]} == metrics["thresholds_by_intent"]
    assert metrics["used_unlabelled"] is False
    assert metrics["accuracy"] > 0.7
    fallback = metrics["fallback"]
    assert fallback["low"] <= fallback["ratio"] <= fallback["high"]
    assert fallback["ratio"] == fallback["count"] / 41
    assert len(metrics["worst"]) == 10
    assert metrics["coverage_risk"][0]["coverage"] == 1.0
    assert Activity.objects.filter(verb__in=["training.started", "training.finished"]).count() == 2
    assert not Release.objects.exists()


def test_doing_the_job_again_gives_the_same_version_and_no_other_file(
    support_intents: dict[str, Intent], actor: Actor, model_dir: Path
) -> None:
    version = training_prepare(actor=actor).version
    first = training_run(version_id=version.pk)
    again = training_run(version_id=version.pk)
    assert (first.artefact_sha256, again.artefact_sha256) == (again.artefact_sha256, first.artefact_sha256)
    assert len(list(model_dir.iterdir())) == 1
    assert Activity.objects.filter(verb="training.finished").count() == 1


def test_a_training_that_died_before_the_row_was_completed_is_done_again(
    support_intents: dict[str, Intent], actor: Actor, model_dir: Path
) -> None:
    version = training_prepare(actor=actor).version
    done = training_run(version_id=version.pk)
    ModelVersion.objects.filter(pk=version.pk).update(
        state="training", artefact_name="", artefact_sha256="", artefact_bytes=0
    )
    again = training_run(version_id=version.pk)
    assert (again.state, again.threshold) == ("ready", done.threshold)
    assert [f.name for f in model_dir.iterdir()] == [again.artefact_name]


def test_the_same_examples_give_the_same_snapshot_and_version(
    support_intents: dict[str, Intent], actor: Actor
) -> None:
    first = training_start(actor=actor)
    while_queued = training_start(actor=actor)
    assert Job.objects.count() == 1
    jobs.run_due()
    when_ready = training_start(actor=actor)
    assert [first.is_new, while_queued.is_new, when_ready.is_new] == [True, False, False]
    assert first.version.pk == while_queued.version.pk == when_ready.version.pk
    assert (DatasetSnapshot.objects.count(), Job.objects.count()) == (1, 1)

    added = example_add(
        actor=actor, intent=support_intents["bug_report"], text="New", origin="ticket", source_ref="T-1"
    )
    other = training_start(actor=actor)
    assert other.is_new
    assert other.version.number == 2
    example_retire(actor=actor, example=added)
    back = training_start(actor=actor)
    assert (back.is_new, back.version.pk) == (False, first.version.pk)


def test_a_failed_job_is_queued_again_for_the_same_version(
    support_intents: dict[str, Intent], actor: Actor
) -> None:
    first = training_start(actor=actor)
    Job.objects.update(state="failed")
    again = training_start(actor=actor)
    assert (again.is_new, again.version.pk) == (False, first.version.pk)
    assert list(Job.objects.order_by("created_at").values_list("state", flat=True)) == ["failed", "queued"]
    assert again.version.job.state == "queued"


def test_the_command_trains_activates_and_is_idempotent(
    support_intents: dict[str, Intent], tmp_path: Path
) -> None:
    results = []
    for name in ("first", "second"):
        out = StringIO()
        call_command("train_intents", activate=True, json=tmp_path / name, stdout=out, stderr=StringIO())
        results.append((json.loads((tmp_path / name).read_text()), out.getvalue()))
    (first, said), (second, said_again) = results
    assert "Version 1: trained." in said
    assert "Release 1 is live." in said
    assert "Version 1: known already for these examples." in said_again
    assert {**first, "is_new": False} == second
    assert Release.objects.count() == 1


def test_the_command_exits_with_2_and_the_reason_when_refused(
    make_intent: Callable[..., Intent], tmp_path: Path
) -> None:
    make_intent("billing", real=7)
    make_intent("bug_report", real=8)
    with pytest.raises(SystemExit) as stop:
        call_command("train_intents", json=tmp_path / "out.json", stderr=StringIO())
    assert stop.value.code == 2
    assert json.loads((tmp_path / "out.json").read_text())["code"] == "too_few_examples"
    assert ModelVersion.objects.count() == 0
