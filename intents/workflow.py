"""Which states may follow which, and the guide's numbers for a trainable intent. Pure tables."""

from __future__ import annotations

MIN_REAL_EXAMPLES = 8  # the guide's "8 to 12 example phrasings"; synthetic ones never count
RECOMMENDED_REAL_EXAMPLES = 12
MAX_CORE_INTENTS = 15  # the guide's "start with 10 to 15 core intents" …
ENOUGH_LIVE_INTERACTIONS = 300  # … until there have been so many live interactions
MANY_EXAMPLES = 200  # beyond this an intent outweighs the others: trained, with a warning
MIN_INTENTS = 2
MAX_EXAMPLES_PER_TRAINING = 20_000  # bounds the memory of a training and the size of a snapshot
MAX_EXAMPLE_LENGTH = 2_000
MAX_BULK_EXAMPLES = 1_000

INTENT_MOVES: dict[str, tuple[str, ...]] = {
    "draft": ("active", "archived"),
    "active": ("draft", "archived"),
    "archived": ("draft", "active"),
}
EXAMPLE_MOVES: dict[str, tuple[str, ...]] = {"active": ("retired",), "retired": ("active",)}
MODEL_VERSION_MOVES: dict[str, tuple[str, ...]] = {
    "training": ("ready", "refused"),
    "ready": ("retired",),
    "refused": (),
    "retired": (),
}
