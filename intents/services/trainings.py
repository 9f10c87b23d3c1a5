"""Training: freeze the examples, train, evaluate, keep the file, then the row.

The row of a version exists from the start, in state training, and is completed by one compare-and-set when
its file lies in the model folder: doing the work twice gives the same version. Nothing goes live here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.models import Job
from core.transitions import move
from intents.artefacts import artefact_remove_others, artefact_write, encoder, library_versions
from intents.dataset import Dataset
from intents.metrics import metrics_of
from intents.models import DatasetSnapshot, Example, HeldOutRun, Intent, ModelVersion
from intents.readiness import Readiness, training_readiness
from intents.services.judging import judging_run
from intents.tagging.selectors import off_topic_texts
from intents.training import TrainingReport, train
from intents.workflow import MODEL_VERSION_MOVES

TASK = "intents.tasks.train"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class TrainingStart:
    """The version that is being trained, or that is there already; and what deserves a look."""

    version: ModelVersion
    is_new: bool
    warnings: tuple[str, ...]


def training_prepare(*, actor: Actor) -> TrainingStart:
    """Check the examples, freeze them, and give them a version to be trained.

    Refuses with what is missing (see intents.readiness). The same examples, encoder and libraries give the
    version that exists already, whether it is being trained or ready.
    """
    fingerprint = encoder().fingerprint
    try:
        with transaction.atomic():
            readiness = training_readiness()
            readiness.refuse_if_blocked()
            warnings = tuple(finding.message for finding in readiness.warnings)
            snapshot = _snapshot_of_now(readiness)
            known = _version_of(snapshot, fingerprint)
            if known is not None:
                return TrainingStart(known, is_new=False, warnings=warnings)
            version = ModelVersion.objects.create(
                number=(ModelVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
                snapshot=snapshot,
                encoder_fingerprint=fingerprint,
                library_versions=library_versions(),
                created_by_id=actor.user_id,
            )
            activity.record(
                actor, "training.started", version, after={"snapshot": snapshot.pk, "counts": snapshot.counts}
            )
    except IntegrityError as error:
        raise Conflict(
            "Somebody else has just started a training. Look again.", code="stale_training"
        ) from error
    return TrainingStart(version, is_new=True, warnings=warnings)


def training_start(*, actor: Actor) -> TrainingStart:
    """Prepare a training and queue it as a job; a version that waits or is ready queues nothing new."""
    encoder()  # loaded before the transaction: it takes a second
    with transaction.atomic():
        start = training_prepare(actor=actor)
        version = start.version
        if version.state == ModelVersion.State.TRAINING and not _is_under_way(version.job):
            job = jobs.enqueue(
                TASK,
                dedupe_key=f"{TASK}:{version.pk}",
                requested_by=actor.label,
                version_id=version.pk,
            )
            version.job = job
            version.save(update_fields=["job"])
    return start


def training_run(*, version_id: int, progress: Progress | None = None) -> ModelVersion:
    """Train and evaluate the version, keep its file, and ask it about the test phrases.

    A version that is done already stays as it is; the test phrases are those of now either way.
    """
    version = ModelVersion.objects.select_related("snapshot").get(pk=version_id)
    if version.state != ModelVersion.State.TRAINING:
        if version.state == ModelVersion.State.READY:
            judging_run(version_id=version.pk, progress=progress)
        return version
    rows = version.snapshot.rows
    dataset = Dataset(tuple(text for _, text, _ in rows), tuple(slug for _, _, slug in rows))
    try:
        trained = train(
            dataset,
            encoder=encoder(),
            label_names=version.snapshot.label_names,
            oos_texts=version.snapshot.off_topic,
            progress=progress,
        )
    except DomainError as refusal:
        with transaction.atomic():
            move(version, to="refused", allowed=MODEL_VERSION_MOVES, refusal=refusal.message)
            activity.record(Actor.system(TASK), "training.refused", version, after={"why": refusal.message})
        raise
    artefact = artefact_write(trained.classifier, version_number=version.number)
    changes = {
        "artefact_name": artefact.name,
        "artefact_sha256": artefact.sha256,
        "artefact_bytes": artefact.size_bytes,
        "encoder_fingerprint": encoder().fingerprint,
        "library_versions": library_versions(),
        "threshold": trained.classifier.threshold,
        "temperature": trained.classifier.calibrator.temperature,
        "metrics": metrics_of(trained.report),
        "settings": asdict(trained.report.settings),
        "trained_at": timezone.now(),
    }
    version = _finish(version, changes, _held_out(version, trained.report))
    judging_run(version_id=version.pk, progress=progress)
    return version


def _finish(version: ModelVersion, changes: dict[str, object], held_out: list[list[object]]) -> ModelVersion:
    """Complete the row, unless another run of the same training has done so first."""
    with transaction.atomic():
        done = ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.TRAINING).update(
            state=ModelVersion.State.READY, **changes
        )
        version.refresh_from_db()
        if done:
            HeldOutRun.objects.update_or_create(version=version, defaults={"rows": held_out})
            after = {"version": version.number, "accuracy": version.metrics.get("accuracy")}
            activity.record(Actor.system(TASK), "training.finished", version, after=after)
    artefact_remove_others(version.artefact_name, version_number=version.number)
    return version


def _held_out(version: ModelVersion, report: TrainingReport) -> list[list[object]]:
    """Return the out-of-fold answers as HeldOutRun keeps them; a text stands once in a snapshot."""
    number = {text: pk for pk, text, _ in version.snapshot.rows}
    return [
        [number[q.text], q.label, q.predicted, round(q.confidence, 6), q.is_fallback] for q in report.judged
    ]


def _snapshot_of_now(readiness: Readiness) -> DatasetSnapshot:
    """Return the snapshot of the texts as they are; the same texts give the same row."""
    rows = [list(row) for row in Example.objects.trained_on().values_list("id", "text", "intent__slug")]
    content: dict[str, object] = {
        "rows": rows,
        "label_names": dict(Intent.objects.active().order_by("slug").values_list("slug", "label")),
    }
    off_topic = list(off_topic_texts())
    if off_topic:  # without any, the hash is the one that snapshots had before there were off-topic texts
        content["off_topic"] = off_topic
    frozen = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    snapshot, _ = DatasetSnapshot.objects.get_or_create(
        sha256=hashlib.sha256(frozen).hexdigest(),
        defaults={**content, "counts": readiness.example_counts},
    )
    return snapshot


def _version_of(snapshot: DatasetSnapshot, fingerprint: str) -> ModelVersion | None:
    """Return the version of this snapshot that is in training, or ready and usable as it is."""
    versions = ModelVersion.objects.filter(snapshot=snapshot).select_related("job", "snapshot")
    in_training = versions.filter(state=ModelVersion.State.TRAINING).first()
    if in_training is not None:
        return in_training
    present = library_versions()
    ready = versions.filter(state=ModelVersion.State.READY, encoder_fingerprint=fingerprint)
    return next((version for version in ready if version.library_versions == present), None)


def _is_under_way(job: Job | None) -> bool:
    return job is not None and job.state in (Job.State.QUEUED, Job.State.RUNNING)
