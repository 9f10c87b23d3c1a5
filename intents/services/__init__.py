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
)

__all__ = [
    "BulkReport",
    "NewExample",
    "RefusedRow",
    "example_add",
    "example_move",
    "example_problem",
    "example_restore",
    "example_retire",
    "examples_add",
    "intent_activate",
    "intent_archive",
    "intent_create",
    "intent_update",
    "starter_intents_load",
]
