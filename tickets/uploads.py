"""Uploaded files on their way into an import: checked by content, kept under a random name, deleted then.

Does not read tickets: the readers in integrations do.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from core.errors import InvalidInput
from tickets.workflow import MAX_UPLOAD_BYTES

STORED_NAME = re.compile(r"[0-9a-f]{32}")  # 128 random bits
JSON_BEGIN = re.compile(rb"[{\[]")  # behind a damaged first byte or two: that is a row's business
BEGIN_BYTES = 64
MOST_ZEROS = 0.01  # of a file's beginning: a stray one is its row's business, many are no text
HEAD_BYTES = 4_096
READ_BYTES = 1_048_576
JSON_SOURCES = frozenset({"zendesk", "freshdesk", "intercom"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to import: its name as the person knows it, and where it is kept (empty: not by us)."""

    name: str
    sha256: str
    size_bytes: int
    stored_name: str = ""


def upload_store(*, name: str, chunks: Iterable[bytes], source: str) -> Upload:
    """Keep an uploaded file, or refuse it with nothing kept: too large, empty, or not what the source is."""
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    stored_name = secrets.token_hex(16)
    path = settings.UPLOAD_DIR / stored_name
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with path.open("xb") as stream:
            path.chmod(0o600)
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_UPLOAD_BYTES:
                    raise InvalidInput(
                        f"The file is larger than {MAX_UPLOAD_BYTES // 1_000_000} MB. Import it with the "
                        "command import_tickets, or export fewer days at a time.",
                        code="too_large",
                    )
                head = head if len(head) >= HEAD_BYTES else head + chunk[:HEAD_BYTES]
                digest.update(chunk)
                stream.write(chunk)
        check_content(head, source)
    except InvalidInput:
        path.unlink(missing_ok=True)
        raise
    return Upload(Path(name).name, digest.hexdigest(), size, stored_name)


def upload_describe(path: Path, source: str) -> Upload:
    """Return what an import keeps of a file that stays where it is; refuse one that is not the source's."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            check_content(stream.read(HEAD_BYTES), source)
            stream.seek(0)
            while chunk := stream.read(READ_BYTES):
                digest.update(chunk)
        return Upload(path.name, digest.hexdigest(), path.stat().st_size)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", code="unreadable") from error


def upload_path(stored_name: str) -> Path:
    """Return where an uploaded file lies."""
    if not STORED_NAME.fullmatch(stored_name):
        raise InvalidInput("The file is not kept any more.", code="file_gone")
    return Path(settings.UPLOAD_DIR) / stored_name


def upload_exists(stored_name: str) -> bool:
    """Whether the file is still kept."""
    return bool(STORED_NAME.fullmatch(stored_name)) and upload_path(stored_name).is_file()


def upload_delete(stored_name: str) -> None:
    """Delete a kept file; one that is gone already is fine."""
    if STORED_NAME.fullmatch(stored_name):
        upload_path(stored_name).unlink(missing_ok=True)


def uploads_delete_strays(*, known: Collection[str], before: datetime) -> int:
    """Delete files from before that moment that belong to no import; return how many."""
    folder = Path(settings.UPLOAD_DIR)
    deleted = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        is_ours = STORED_NAME.fullmatch(path.name) and path.name not in known
        if is_ours and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _looks_like_utf_16(head: bytes) -> bool:
    """Tell whether every second byte is zero for the most part: mostly Western text, its mark damaged."""
    sides = sorted((head[0::2].count(0), head[1::2].count(0)))
    return len(head) >= BEGIN_BYTES and sides[1] > 0.4 * len(head) / 2 and sides[0] <= MOST_ZEROS * len(head)


def check_content(head: bytes, source: str) -> None:
    """Refuse a file whose beginning is not that of an export of this source."""
    if not head.strip():
        raise InvalidInput("The file is empty.", code="empty_file")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf_16(head):
        return  # its zero bytes are text; the reader decides
    if head.startswith((b"\x1f\x8b", b"PK\x03\x04")):  # packed: the reader looks inside
        return
    if head.count(b"\x00") > MOST_ZEROS * len(head):
        raise InvalidInput(
            "This is no text file. Save sheets as CSV; .zip and .gz are fine.", code="not_text"
        )
    if source in JSON_SOURCES and not JSON_BEGIN.search(head[:BEGIN_BYTES]):
        raise InvalidInput("This is not a JSON file, which an export of this source is.", code="not_json")
