"""Everything that writes to the tables of tickets, one module per idea."""

from tickets.services.applying import batch_apply, batch_fail
from tickets.services.batches import (
    batch_create,
    batch_enqueue,
    batch_resume,
    batch_set_mapping,
    batch_start,
    batch_stop,
    batch_take_up,
    is_stalled,
    uploads_forget,
)
from tickets.services.retention import raw_texts_forget

__all__ = [
    "batch_apply",
    "batch_create",
    "batch_enqueue",
    "batch_fail",
    "batch_resume",
    "batch_set_mapping",
    "batch_start",
    "batch_stop",
    "batch_take_up",
    "is_stalled",
    "raw_texts_forget",
    "uploads_forget",
]
