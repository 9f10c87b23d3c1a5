"""Model files: written complete or not at all, and loaded only as the file that was trained.

A file is written under a temporary name, flushed to disk and renamed; its name holds its sha256. On loading,
size, sha256, encoder and library versions must be those of the training. Formats are intents.classifier's.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from django.conf import settings

from intents.classifier import ArtefactRefused, IntentClassifier
from intents.models import ModelVersion
from nlp.encoder import SentenceEncoder, load_encoder

LIBRARIES = ("scikit-learn", "skops", "numpy", "onnxruntime")
FORMAT_LIBRARIES = ("scikit-learn", "skops")  # a file written by another version of these is not trusted
SUFFIX = ".skops"


@dataclass(frozen=True, slots=True)
class Artefact:
    """A written model file."""

    name: str
    sha256: str
    size_bytes: int


def encoder() -> SentenceEncoder:
    """Return the process-wide sentence encoder that the settings name."""
    return load_encoder(settings.ENCODER_PATH)


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a model depends on."""
    return {name: metadata.version(name) for name in LIBRARIES}


def artefact_write(classifier: IntentClassifier, *, version_number: int) -> Artefact:
    """Write the model file of a version under its final name, flushed to disk."""
    folder = Path(settings.MODEL_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{uuid.uuid4().hex}.partial"
    try:
        digest = classifier.save(partial)
        size = partial.stat().st_size
        name = f"{_stem(version_number)}{digest[:16]}{SUFFIX}"
        os.replace(partial, folder / name)
        _flush_folder(folder)
    finally:
        partial.unlink(missing_ok=True)
    return Artefact(name, digest, size)


def artefact_remove_others(name: str, *, version_number: int) -> None:
    """Remove what broken-off or doubled trainings of a version left behind: all its files but ``name``."""
    for path in Path(settings.MODEL_DIR).glob(f"{_stem(version_number)}*{SUFFIX}"):
        if path.name != name:
            path.unlink(missing_ok=True)


def artefact_load(version: ModelVersion) -> IntentClassifier:
    """Return the classifier of ``version``; raise ArtefactRefused when anything differs from its row."""
    path = _path(version.artefact_name)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ArtefactRefused(f"The file of {version} is missing: {version.artefact_name}.") from error
    if size != version.artefact_bytes:
        raise ArtefactRefused(
            f"The file of {version} has {size} bytes in the place of {version.artefact_bytes}."
        )
    present = library_versions()
    other = [n for n in FORMAT_LIBRARIES if version.library_versions.get(n) != present[n]]
    if other:
        raise ArtefactRefused(
            f"{version} was trained with another version of {' and '.join(other)}. Train it again."
        )
    if version.encoder_fingerprint != encoder().fingerprint:
        raise ArtefactRefused(f"{version} was trained with another sentence encoder. Train it again.")
    return IntentClassifier.load(path, sha256=version.artefact_sha256, encoder=encoder())


def _stem(version_number: int) -> str:
    return f"intents-v{version_number}-"


def _path(name: str) -> Path:
    if not name or Path(name).name != name:
        raise ArtefactRefused("The model file must lie in the model folder itself.")
    return Path(settings.MODEL_DIR) / name


def _flush_folder(folder: Path) -> None:
    """Make the rename itself survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
