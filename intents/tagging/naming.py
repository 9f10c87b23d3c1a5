"""The slug of a new intent, made from its label. Pure."""

from __future__ import annotations

import re
import unicodedata

MAX_SLUG = 60


def slug_of(label: str) -> str:
    """Return small letters, digits and underscores that begin with a letter; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    slug = slug if not slug or slug[0].isalpha() else f"intent_{slug}"
    return slug[:MAX_SLUG].rstrip("_")
