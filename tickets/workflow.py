"""The life of an import as data, which tickets count, and how long things are kept. Pure tables."""

from __future__ import annotations

DRAFT = "draft"
QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
STOPPED = "stopped"

BATCH_STEPS: dict[str, tuple[str, ...]] = {
    DRAFT: (QUEUED, STOPPED),  # a file whose columns nobody has named yet
    QUEUED: (RUNNING, FAILED, STOPPED),
    RUNNING: (QUEUED, DONE, FAILED, STOPPED),
    FAILED: (QUEUED, RUNNING, FAILED, STOPPED),
    STOPPED: (QUEUED, RUNNING),
    DONE: (),
}
UNFINISHED = (QUEUED, RUNNING, FAILED, STOPPED)

CLOSED_STATUSES = frozenset({"solved", "closed"})  # not merged and not deleted: those were never answered
DELETED_STATUS = "deleted"

DEFAULT_WINDOW_DAYS = 90  # the guide's "90 days of closed tickets"
MAX_WINDOW_DAYS = 3_650
CHUNK_ROWS = 500  # a transaction writes so many rows: short enough that others hardly wait
KEPT_REJECTIONS = 10_000  # the rest of a batch is counted, not kept
RAW_TEXT_DAYS = 90
UPLOAD_DAYS = 7  # how long the file of an import that did not finish is kept, so that it can go on
MAX_UPLOAD_BYTES = 200_000_000
