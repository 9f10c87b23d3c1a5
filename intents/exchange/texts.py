"""Bytes of a file as text, or why not, with the line. Pure."""

from __future__ import annotations

from core.errors import InvalidInput

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decoded(data: bytes, name: str) -> str:
    """Return UTF-8, with or without its mark, or marked UTF-16 as text; refuse others, naming the line."""
    if data.startswith(UTF_16_MARKS):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{name} is damaged UTF-16 text.", code="not_utf8") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{name}, line {line}: this is not UTF-8 text. Save the file as UTF-8 and try again.",
            code="not_utf8",
            extra={"line": line},
        ) from error
