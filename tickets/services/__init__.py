"""Everything that writes to the tables of tickets, one module per idea."""

from tickets.services.applying import batch_apply, batch_fail
from tickets.services.auditing import audit_job, audit_run, audit_start
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
from tickets.services.board import (
    categories_merge,
    category_label,
    category_rename,
    category_set_core,
    category_split,
    change_undo,
    clusters_move,
    tickets_move,
    undoable,
)
from tickets.services.proposing import categories_propose, category_divide
from tickets.services.pulling import pull_apply, pull_create, pull_take_up
from tickets.services.renewing import texts_renew, texts_renew_start, training_texts
from tickets.services.reporting import check_signable, report_sign
from tickets.services.retention import raw_texts_forget

__all__ = [
    "audit_job",
    "audit_run",
    "audit_start",
    "batch_apply",
    "batch_create",
    "batch_enqueue",
    "batch_fail",
    "batch_resume",
    "batch_set_mapping",
    "batch_start",
    "batch_stop",
    "batch_take_up",
    "categories_merge",
    "categories_propose",
    "category_divide",
    "category_label",
    "category_rename",
    "category_set_core",
    "category_split",
    "change_undo",
    "check_signable",
    "clusters_move",
    "is_stalled",
    "pull_apply",
    "pull_create",
    "pull_take_up",
    "raw_texts_forget",
    "report_sign",
    "texts_renew",
    "texts_renew_start",
    "tickets_move",
    "training_texts",
    "undoable",
    "uploads_forget",
]
