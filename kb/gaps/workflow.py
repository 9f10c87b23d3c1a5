"""The life of a gap, as data. Pure: who may move one, and when, is decided by the services."""

from __future__ import annotations

OPEN = "open"
DRAFTING = "drafting"
RESOLVED = "resolved"
DISMISSED = "dismissed"

CLOSED = (RESOLVED, DISMISSED)

GAP_STEPS: dict[str, tuple[str, ...]] = {
    OPEN: (DRAFTING, DISMISSED),
    DRAFTING: (OPEN, RESOLVED, DISMISSED),
    RESOLVED: (OPEN,),
    DISMISSED: (OPEN,),
}
