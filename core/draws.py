"""Draws that look random and are reproducible: they depend on what is drawn and why alone. Pure."""

from __future__ import annotations

import hashlib


def draw(key: str, purpose: str) -> float:
    """Return a number in [0, 1) that looks random and is the same for the same key and purpose."""
    digest = hashlib.sha256(f"{purpose}:{key}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
