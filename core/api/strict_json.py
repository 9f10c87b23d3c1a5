"""Decode JSON and refuse what a database or a later reader would choke on.

Refused: invalid UTF-8, NUL and lone surrogates in any string or key, NaN and infinities, integers beyond 64
bit (orjson reads those beyond unsigned 64 bit as floats), deep nesting, very many values. The verdict is the
same on SQLite and PostgreSQL.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_VALUES = 20_000
INT64 = 2**63
STEPS = np.zeros(256, np.int8)  # by byte: one level down, one level up, or none
STEPS[[ord("["), ord("{")]] = 1
STEPS[[ord("]"), ord("}")]] = -1


class BadJson(ValueError):
    """The body is not JSON that this API takes; the message says why."""


def loads(raw: bytes, *, max_values: int = MAX_VALUES) -> Any:
    """Return the decoded value, or raise BadJson."""
    if _depth(raw) > MAX_DEPTH:
        raise BadJson(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadJson(f"The body is not valid JSON in UTF-8: {error}") from error
    check(value, max_values=max_values)
    return value


def check(value: Any, *, max_values: int = MAX_VALUES) -> None:
    """Raise BadJson if any part of a decoded value is unstorable. Iterative: depth costs no stack."""
    stack = [value]
    seen = 0
    while stack:
        item = stack.pop()
        seen += 1
        if seen > max_values:
            raise BadJson(f"The JSON holds more than {max_values} values.")
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, float):
            if not math.isfinite(item) or abs(item) >= 1e300:
                raise BadJson("The JSON holds a number that is out of range.")
        elif isinstance(item, bool) or item is None:
            continue
        elif isinstance(item, int):
            if not -INT64 <= item < INT64:
                raise BadJson("The JSON holds a whole number beyond 64 bit.")
        elif isinstance(item, dict):
            for key in item:
                _check_text(key)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise BadJson("The JSON holds a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadJson("The JSON holds half of a surrogate pair.") from error


def _depth(raw: bytes) -> int:
    """Return the deepest nesting of brackets outside strings; linear in time, whatever the bytes are."""
    unescaped = raw.replace(b"\\\\", b"").replace(
        b'\\"', b""
    )  # the quotes that remain open or close a string
    text = np.frombuffer(unescaped, np.uint8)
    inside_string = np.bitwise_xor.accumulate(text == ord('"'))
    levels = np.cumsum(np.where(inside_string, 0, STEPS[text]), dtype=np.int32)
    return int(levels.max(initial=0))
