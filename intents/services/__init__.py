"""Everything that writes to the tables of intents, one module per idea."""

from intents.services.definitions import (
    intent_activate,
    intent_archive,
    intent_create,
    intent_update,
    starter_intents_load,
)
from intents.services.examples import (
    BulkReport,
    NewExample,
    RefusedRow,
    example_add,
    example_move,
    example_problem,
    example_restore,
    example_retire,
    examples_add,
    examples_check,
)
from intents.services.findings import finding_ignore, finding_take_back
from intents.services.judging import (
    NewCase,
    RefusedCase,
    case_add,
    case_from_example,
    case_must_pass,
    case_restore,
    case_retire,
    cases_add,
    judging_run,
    judging_start,
)
from intents.services.limits import LimitState, limit_state
from intents.services.mapping import category_leave_out, category_map, category_take_in, category_unmap
from intents.services.merging import intent_merge, intent_merge_undo
from intents.services.releases import (
    model_version_retire,
    release_activate,
    release_restore,
    release_roll_back,
    release_to_roll_back_to,
)
from intents.services.trainings import TrainingStart, training_prepare, training_run, training_start

__all__ = [
    "BulkReport",
    "LimitState",
    "NewCase",
    "NewExample",
    "RefusedCase",
    "RefusedRow",
    "TrainingStart",
    "case_add",
    "case_from_example",
    "case_must_pass",
    "case_restore",
    "case_retire",
    "cases_add",
    "category_leave_out",
    "category_map",
    "category_take_in",
    "category_unmap",
    "example_add",
    "example_move",
    "example_problem",
    "example_restore",
    "example_retire",
    "examples_add",
    "examples_check",
    "finding_ignore",
    "finding_take_back",
    "intent_activate",
    "intent_archive",
    "intent_create",
    "intent_merge",
    "intent_merge_undo",
    "intent_update",
    "judging_run",
    "judging_start",
    "limit_state",
    "model_version_retire",
    "release_activate",
    "release_restore",
    "release_roll_back",
    "release_to_roll_back_to",
    "starter_intents_load",
    "training_prepare",
    "training_run",
    "training_start",
]
