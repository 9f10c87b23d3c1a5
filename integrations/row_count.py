"""About how many rows a plain file holds, without reading it: for a progress bar, never for a decision."""

from __future__ import annotations

from pathlib import Path

HEAD_BYTES = 524_288
FEWEST_LINES = 20  # fewer say nothing about the others
PACKED = (b"\x1f\x8b", b"PK")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def about_rows(path: Path, *, json_lines: bool) -> int | None:
    """Return the file's size by its first lines' mean length; None where a line is not a row, or too few are.

    ``json_lines``: only count where each line is an object of its own.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as raw:
            head = raw.read(HEAD_BYTES)
    except OSError:
        return None
    if head.startswith(PACKED) or head.startswith(UTF_16):
        return None
    lines = head.splitlines()[:-1]
    if len(lines) < FEWEST_LINES or (json_lines and not all(_is_object(line) for line in lines)):
        return None
    return round(size * len(lines) / sum(len(line) + 1 for line in lines))


def _is_object(line: bytes) -> bool:
    text = line.strip()
    return not text or (text.startswith(b"{") and text.endswith(b"}"))
