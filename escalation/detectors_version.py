"""Which detectors read a message: a text that changes whenever one of their data files does."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = (HERE / "data", HERE.parent / "nlp" / "data")  # word lists, and weights of what was trained
DIGITS = 12


@cache
def detectors_version() -> str:
    """Return the first digits of the sha256 of all data files of the detectors, by name."""
    found = hashlib.sha256()
    for folder in FOLDERS:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            found.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()[:DIGITS]
