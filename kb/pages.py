"""Product pages as path patterns: ``*`` stands for one path segment, ``**`` for any number of them.

Pure. ``/items/**`` is /items and everything under it; ``/items/*/edit`` is the edit page of any item.
Compiled for RE2, so a match takes time linear in the address, whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

import re2

MAX_PATTERN_LENGTH = 200
MAX_SEGMENTS = 20
MAX_PATH_LENGTH = 2_000
FORBIDDEN = frozenset("?#\\ \t\r\n\x00")


class BadPattern(ValueError):
    """The pattern cannot be meant; the message says why."""


def check(pattern: str) -> None:
    """Raise BadPattern unless ``pattern`` is a path pattern that can be matched."""
    if not pattern.startswith("/"):
        raise BadPattern("Start the pattern with a slash, for example /settings/billing.")
    if len(pattern) > MAX_PATTERN_LENGTH or pattern.count("/") > MAX_SEGMENTS:
        raise BadPattern(f"Use at most {MAX_PATTERN_LENGTH} characters and {MAX_SEGMENTS} segments.")
    if FORBIDDEN & set(pattern) or "//" in pattern:
        raise BadPattern("Use a path only: no spaces, no query, no fragment, no empty segment.")
    if any("**" in segment and segment != "**" for segment in pattern.split("/")):
        raise BadPattern("** stands for whole segments: write it between slashes.")
    _matcher(pattern)


def matches(pattern: str, page: str) -> bool:
    """Tell whether the address ``page`` (a path or a whole URL) is one of the pages of ``pattern``."""
    path = path_of(page)
    return bool(path) and _matcher(pattern)(path) is not None


def path_of(page: str) -> str:
    """Return the path of an address: no host, query, fragment or closing slash; empty if none or too long."""
    storable = page.encode("utf-8", "ignore").decode("utf-8")
    try:
        parts = urlsplit(storable)
    except ValueError:  # "http://[" and the like
        return ""
    path = "/" + parts.path.strip("/") if parts.path or parts.netloc else ""
    return path if len(path) <= MAX_PATH_LENGTH else ""


def example(pattern: str) -> str:
    """Return one address that the pattern matches."""
    return pattern.replace("/**", "").replace("*", "example") or "/"


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], object]:
    parts = []
    for segment in pattern.strip("/").split("/"):
        if segment == "**":
            parts.append("(?:/[^/]+)*")
        elif segment == "*":
            parts.append("/[^/]+")
        else:
            parts.append("/" + "[^/]*".join(re2.escape(piece) for piece in segment.split("*")))
    return re2.compile("".join(parts) + "/?").fullmatch  # the root is the only path that ends in a slash
