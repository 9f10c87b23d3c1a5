"""Which audience here a segment or folder of a help centre is: written by a person, as JSON. Pure.

    {"user_segments": {"360001": {"user_type": ["admin"]}},        Zendesk
     "folders": {"43000": {"tier": ["enterprise"]}},               Freshdesk, by folder
     "visibilities": {"2": {"user_type": ["member", "admin"]}}}    Freshdesk, by a folder's visibility

What is not named here has no audience: somebody sets it before the article can go live.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.api import strict_json
from core.errors import InvalidInput
from kb.access import Facets
from kb.exchange.contracts import audience_stated

PARTS = ("user_segments", "folders", "visibilities")
MAX_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class AudienceMapping:
    """The audiences by part and id."""

    audiences: dict[tuple[str, str], Facets] = field(default_factory=dict)

    def of(self, part: str, key: object) -> Facets | None:
        """Return the audience that stands for one segment or folder, None where none is named."""
        return self.audiences.get((part, str(key)))

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """All (kind, value) pairs that it names."""
        return {pair for audience in self.audiences.values() for pair in audience.values}


def mapping_of_text(text: str) -> dict[str, Any]:
    """Decode a mapping as a person typed it; "" is an empty one. Raises InvalidInput."""
    if not text.strip():
        return {}
    try:
        raw = text.encode()
        if len(raw) > MAX_BYTES:
            raise InvalidInput(f"The mapping has more than {MAX_BYTES} bytes.", code="bad_mapping")
        value = strict_json.loads(raw)
    except (UnicodeEncodeError, strict_json.BadJson) as error:
        raise InvalidInput(f"The mapping is not JSON: {error}", code="bad_mapping") from error
    mapping_of(value)
    return dict(value)


def mapping_of(value: Any) -> AudienceMapping:
    """Read a decoded mapping; raises InvalidInput for whatever is not understood."""
    if not isinstance(value, dict) or not set(value) <= set(PARTS):
        raise InvalidInput(f"A mapping has the parts {', '.join(PARTS)}.", code="bad_mapping")
    found: dict[tuple[str, str], Facets] = {}
    for part, entries in value.items():
        if not isinstance(entries, dict):
            raise InvalidInput(f"“{part}” is not an object of ids.", code="bad_mapping")
        for key, stated in entries.items():
            audience = audience_stated(stated)
            if audience is None or not (audience.for_everyone or audience.values):
                raise InvalidInput(f"“{part}” {key} names no audience.", code="bad_mapping")
            found[part, str(key)] = audience
    return AudienceMapping(found)
