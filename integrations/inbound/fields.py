"""Read fields of a webhook's JSON by type and length; anything else is refused with the field's name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.inbound.contracts import MAX_ID, BadPayload
from integrations.inbound.signing import of_iso, of_seconds


def mapping_of(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within the object; empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def word_of(value: Mapping[str, Any], name: str, limit: int = 200) -> str:
    """Return a text or number as text, cut at ``limit`` characters; "" where there is none."""
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return ""
    return str(found).strip()[:limit]


def id_of(value: Mapping[str, Any], name: str) -> str:
    """Return an id, which has to be there and short."""
    found = word_of(value, name, MAX_ID + 1)
    if not found or len(found) > MAX_ID:
        raise BadPayload(f"The field {name} is missing, or is no id of at most {MAX_ID} characters.")
    return found


def time_of(value: Mapping[str, Any], name: str) -> datetime:
    """Return a time, in ISO 8601 with its zone or in Unix seconds, which has to be there."""
    found = of_iso(value.get(name)) or of_seconds(value.get(name))
    if found is None:
        raise BadPayload(f"The field {name} is missing, or is no time with its zone.")
    return found


def id_of_body(body: bytes) -> str:
    """Return an id for an event that names none: the same bytes are the same event."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def id_of_text(*parts: str) -> str:
    """Return an id for what has no other than its own words, place and time."""
    return f"text:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"
