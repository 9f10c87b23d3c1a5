"""Where scenarios come from, and which states follow which in a run. No logic."""

from __future__ import annotations

WRITTEN, IMPORTED, CONVERSATION, STARTER = "written", "imported", "conversation", "starter"

QUEUED, RUNNING, DONE, CANCELLED, FAILED = "queued", "running", "done", "cancelled", "failed"
UNDER_WAY = (QUEUED, RUNNING)
RUN = {
    QUEUED: (RUNNING, CANCELLED, FAILED),
    RUNNING: (DONE, CANCELLED, FAILED),
    DONE: (),
    CANCELLED: (),
    FAILED: (),
}
