"""Uploaded files of articles: bounded, kept under a random name until they are taken in, deleted then."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.errors import InvalidInput

MAX_UPLOAD_BYTES = 30 * 1024**2
KEPT_DAYS = 7
STORED_NAME = re.compile(r"[0-9a-f]{32}")
ENDINGS = (".json", ".jsonl", ".ndjson", ".zip", ".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Upload:
    """A kept file: its name as the person knows it, and the one it is kept under."""

    name: str
    sha256: str
    stored_name: str


def upload_store(*, name: str, chunks: Iterable[bytes]) -> Upload:
    """Keep an uploaded file, or refuse it with nothing kept."""
    name = Path(name.replace("\\", "/")).name
    if not name.lower().endswith(ENDINGS):
        raise InvalidInput(f"Upload one of {', '.join(ENDINGS)}.", code="bad_ending")
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stored_name = secrets.token_hex(16)
    digest, size = hashlib.sha256(), 0
    try:
        with (folder / stored_name).open("xb") as stream:
            (folder / stored_name).chmod(0o600)
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_UPLOAD_BYTES:
                    raise InvalidInput(
                        f"The file is larger than {MAX_UPLOAD_BYTES // 1024**2} MB. Import it with the "
                        "command import_articles, or in parts.",
                        code="too_large",
                    )
                digest.update(chunk)
                stream.write(chunk)
        if size == 0:
            raise InvalidInput("The file is empty.", code="empty_file")
    except InvalidInput:
        upload_delete(stored_name)
        raise
    return Upload(name, digest.hexdigest(), stored_name)


def upload_path(stored_name: str) -> Path:
    """Return where a kept file lies; raises InvalidInput where it is gone."""
    path = _folder() / stored_name
    if not STORED_NAME.fullmatch(stored_name) or not path.is_file():
        raise InvalidInput("The file is not kept any more. Upload it again.", code="file_gone")
    return path


def upload_delete(stored_name: str) -> None:
    """Delete a kept file; one that is gone already is fine."""
    if STORED_NAME.fullmatch(stored_name):
        (_folder() / stored_name).unlink(missing_ok=True)


def uploads_forget() -> int:
    """Delete files that nobody came back to; return how many."""
    oldest = time.time() - KEPT_DAYS * 86_400
    folder = _folder()
    old = [path for path in folder.iterdir() if path.stat().st_mtime < oldest] if folder.is_dir() else []
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _folder() -> Path:
    return Path(settings.UPLOAD_DIR) / "articles"
