"""Open an export as it lies on disk: plain, .gz, or a .zip that holds one file; decided by content, not name.

A packed file that unpacks to far more than it should, or that would reach outside itself, is refused. A
damaged one is read as far as it goes; ``ByteSource.damage`` then says why. Decides nothing about text.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from core.errors import InvalidInput

MAX_UNPACKED_BYTES = 2 * 1024**3
MAX_RATIO = 100  # unpacked to packed size
HARMLESS_BYTES = 10 * 1024**2  # so much may be unpacked at any ratio
MAX_DIRECTORY_BYTES = 1024**2  # a zip's list of contents, read into memory as a whole
END_RECORD = struct.Struct("<4s4H2LH")
END_SIGNATURE = b"PK\x05\x06"
MAX_END_BYTES = END_RECORD.size + 65_535  # with the longest comment
# What the unpackers of the standard library raise for bytes that are not theirs; no refusal is among them.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
)
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK"
ENCRYPTED = 0x1


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes:
        """Return what one read of the file gives, at most ``size`` bytes."""
        ...


class ByteSource:
    """Bytes of the unpacked export, counted against the limits; ``damage`` tells why they ended early."""

    def __init__(self, raw: _Readable, packed_bytes: int | None = None) -> None:
        self.damage = ""
        self._raw = raw
        self._packed_bytes = packed_bytes
        self._seen = 0

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none at the end. Raises InvalidInput beyond the limits."""
        piece = self._filled(size)
        self._seen += len(piece)
        if self._seen > MAX_UNPACKED_BYTES:
            raise InvalidInput("The file holds more than 2 GB. Export it in parts.", code="file_too_large")
        if self._packed_bytes is not None and self._seen > max(
            HARMLESS_BYTES, self._packed_bytes * MAX_RATIO
        ):
            raise InvalidInput(
                f"The file unpacks to more than {MAX_RATIO} times its size. Upload it unpacked.",
                code="suspicious_archive",
            )
        return piece

    def _filled(self, size: int) -> bytes:
        """Read until ``size`` or the end; where the file is damaged, what came before it is returned."""
        pieces: list[bytes] = []
        try:
            while size > 0 and not self.damage and (piece := self._raw.read1(size)):
                pieces.append(piece)
                size -= len(piece)
        except DAMAGE as error:
            self.damage = f"The file is damaged or cut off and could not be read to its end: {error}"
        return b"".join(pieces)


@contextmanager
def opened(path: Path) -> Iterator[ByteSource]:
    """Open the export at ``path``; raises InvalidInput where that cannot or should not be done."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(0)
            packed_bytes = path.stat().st_size
            if magic == GZIP_MAGIC:
                with gzip.open(raw) as unpacked:
                    yield ByteSource(unpacked, packed_bytes)
            elif magic == ZIP_MAGIC:
                with _zip_member(raw) as (member, member_bytes):
                    yield ByteSource(member, member_bytes)
            else:
                yield ByteSource(raw)
    except OSError as error:
        raise InvalidInput(f"The file cannot be opened: {error.strerror}.", code="unreadable_file") from error


@contextmanager
def _zip_member(raw: IO[bytes]) -> Iterator[tuple[_Readable, int]]:
    """Open the one file in the archive; yield it with its packed size."""
    check_directory(raw)
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(raw))
            info = _only_member(archive)
            member = stack.enter_context(archive.open(info))
        except DAMAGE as error:
            raise InvalidInput(f"The zip file cannot be read: {error}.", code="bad_archive") from error
        yield member, info.compress_size  # type: ignore[misc]


def check_directory(raw: IO[bytes]) -> None:
    """Refuse a list of contents that is itself a bomb, before zipfile reads it."""
    size = raw.seek(0, 2)
    raw.seek(max(0, size - MAX_END_BYTES))
    tail = raw.read()
    raw.seek(0)
    start = tail.rfind(END_SIGNATURE)
    if start < 0 or len(tail) - start < END_RECORD.size:
        raise InvalidInput("The zip file is cut off.", code="bad_archive")
    directory_bytes = END_RECORD.unpack_from(tail, start)[5]
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise InvalidInput("The zip file holds too many files.", code="suspicious_archive")


def files_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, or refuse it where one would reach outside."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[:1]:
            raise InvalidInput("The zip file holds a path that leads out of it.", code="suspicious_archive")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InvalidInput("The zip file holds a link.", code="suspicious_archive")
        if info.flag_bits & ENCRYPTED:
            raise InvalidInput("The zip file is locked with a password. Unpack it first.", code="bad_archive")
    return [info for info in infos if not info.filename.startswith("__MACOSX/")]


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    files = files_of(archive)
    if len(files) != 1:
        raise InvalidInput(
            f"The zip file holds {len(files)} files. Pack one export file by itself.", code="bad_archive"
        )
    if files[0].file_size > MAX_UNPACKED_BYTES:
        raise InvalidInput("The file holds more than 2 GB. Export it in parts.", code="file_too_large")
    return files[0]
