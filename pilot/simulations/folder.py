"""Scenarios in files: a folder or one file, played without being stored. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from pilot.simulations.nodes import MAX_CHARACTERS
from pilot.simulations.reading import scripts_read
from pilot.simulations.script import Script

ENDINGS = (".yaml", ".yml", ".json")
MAX_FILES = 500


@dataclass(frozen=True, slots=True)
class FileSuite:
    """The scenarios of one file; ``problems`` name file and line."""

    name: str
    scripts: tuple[Script, ...]
    problems: tuple[str, ...]


def suites_read(path: Path) -> list[FileSuite]:
    """Return what the files under ``path`` hold, in the order of their names; raise InvalidInput for none."""
    if not path.exists():
        raise InvalidInput(f"There is no {path}.", code="no_such_path")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS)
    if not files:
        raise InvalidInput(f"{path} holds no file that ends in {', '.join(ENDINGS)}.", code="no_files")
    if len(files) > MAX_FILES:
        raise InvalidInput(f"{path} holds more than {MAX_FILES} files.", code="too_many_files")
    base = path.parent if path.is_file() else path
    return [_suite(one, str(one.relative_to(base))) for one in files]


def _suite(path: Path, name: str) -> FileSuite:
    try:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            return FileSuite(name, (), (f"{name}: the file is too large.",))
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return FileSuite(name, (), (f"{name}: it cannot be read ({type(error).__name__}).",))
    read = scripts_read(text)
    problems = tuple(f"{name}:{one.line}: {one.message}" for one in read.problems)
    return FileSuite(read.suite or name, tuple(script for _, script in read.scripts), problems)
