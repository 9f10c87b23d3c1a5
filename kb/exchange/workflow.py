"""The life of an uploaded import and of a bulk move, as data. Pure."""

from __future__ import annotations

READING = "reading"
READY = "ready"
QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
STOPPED = "stopped"

UNDER_WAY = (READING, QUEUED, RUNNING)

# READY waits for a person who has seen the preview.
IMPORT_STEPS: dict[str, tuple[str, ...]] = {
    READING: (READY, FAILED, STOPPED),
    READY: (QUEUED, STOPPED),
    QUEUED: (RUNNING, STOPPED),
    RUNNING: (DONE, FAILED, STOPPED),
    DONE: (),
    FAILED: (),
    STOPPED: (QUEUED,),
}
