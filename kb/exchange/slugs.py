"""Addresses for articles that come without one. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

MAX_SLUG = 100  # an id may follow
NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


def slug_of(text: str) -> str:
    """Return the text as an address: a-z, digits and hyphens; "" where nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return NOT_IN_SLUG.sub("-", plain).strip("-")[:MAX_SLUG].rstrip("-")


def allot(wanted: Iterable[tuple[str, str]], *, system: str, taken: Collection[str]) -> dict[str, str]:
    """Return a slug for each (id, title), none of them ``taken`` or given twice: the id makes it single."""
    used = set(taken)
    found: dict[str, str] = {}
    for external_id, title in wanted:
        slug = slug_of(title)
        if not slug or slug in used:
            slug = slug_of(f"{slug or system}-{external_id}")
        number = 2
        base = slug
        while slug in used:
            slug, number = f"{base}-{number}", number + 1
        used.add(slug)
        found[external_id] = slug
    return found
