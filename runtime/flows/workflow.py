"""Which states follow which: flows and their runs."""

from __future__ import annotations

DRAFT, ACTIVE, ARCHIVED = "draft", "active", "archived"
FLOW = {DRAFT: (ACTIVE, ARCHIVED), ACTIVE: (ACTIVE, DRAFT, ARCHIVED), ARCHIVED: (DRAFT,)}

RUNNING, RESOLVED, ESCALATED, ABANDONED = "running", "resolved", "escalated", "abandoned"
