"""The files of an export: of a folder, a zip, or one file. A bomb or a path that leads out is refused.

Nothing is ever unpacked to disk. Decides nothing about what a file holds.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from integrations.packed import DAMAGE, HARMLESS_BYTES, MAX_RATIO, check_directory, files_of

MAX_FILES = 5_000
MAX_TOTAL_BYTES = 200 * 1024**2
MAX_FILE_BYTES = 30 * 1024**2
ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class File:
    """One file by its path inside the folder or archive; ``problem`` is why it could not be read."""

    name: str
    data: bytes = b""
    problem: str = ""

    @property
    def stem(self) -> str:
        """The name without folders and ending."""
        return Path(self.name).stem

    @property
    def ending(self) -> str:
        """The ending with its dot, in small letters."""
        return Path(self.name).suffix.lower()


def files(path: Path, name: str = "", *, endings: tuple[str, ...]) -> Iterator[File]:
    """Yield the files at ``path`` with one of the ``endings``, in order; ``name`` is an upload's own.

    A file that is named itself is read whatever its ending.

    Raises InvalidInput where nothing at all can or should be read.
    """
    try:
        if path.is_dir():
            yield from _of_folder(path, endings)
        elif _is_zip(path):
            yield from _of_zip(path, endings)
        else:
            yield _one(path, name or path.name)
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error.strerror}.", code="unreadable") from error


def _of_folder(folder: Path, endings: tuple[str, ...]) -> Iterator[File]:
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(folder.resolve()):
            yield File(name, problem="The file is a link that leads out of the folder.")
        else:
            yield _one(path, name)


def _one(path: Path, name: str) -> File:
    if path.stat().st_size > MAX_FILE_BYTES:
        return File(name, problem=f"The file is larger than {MAX_FILE_BYTES // 1024**2} MB.")
    return File(name, path.read_bytes())


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC


def _of_zip(path: Path, endings: tuple[str, ...]) -> Iterator[File]:
    with path.open("rb") as raw:
        check_directory(raw)
        try:
            archive = zipfile.ZipFile(raw)
        except DAMAGE as error:
            raise InvalidInput(f"The zip file cannot be read: {error}.", code="bad_archive") from error
        with archive:
            infos = [info for info in files_of(archive) if info.filename.lower().endswith(endings)]
            _check_sizes(infos)
            for info in sorted(infos, key=lambda info: info.filename):
                yield _member(archive, info)


def _check_sizes(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse by what the directory says; ``_member`` holds each file to it."""
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if len(infos) > MAX_FILES:
        raise InvalidInput(f"The zip file holds more than {MAX_FILES} files.", code="suspicious_archive")
    if unpacked > MAX_TOTAL_BYTES or unpacked > max(HARMLESS_BYTES, packed * MAX_RATIO):
        raise InvalidInput(
            f"The zip file unpacks to more than {MAX_TOTAL_BYTES // 1024**2} MB or {MAX_RATIO} times its "
            "size.",
            code="suspicious_archive",
        )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> File:
    if info.file_size > MAX_FILE_BYTES:
        return File(info.filename, problem=f"The file is larger than {MAX_FILE_BYTES // 1024**2} MB.")
    try:
        with archive.open(info) as stream:
            data = stream.read(info.file_size + 1)
    except DAMAGE as error:
        return File(info.filename, problem=f"The file is damaged: {error}.")
    if len(data) > info.file_size:
        raise InvalidInput("A file of the zip is larger than it says.", code="suspicious_archive")
    return File(info.filename, data)
