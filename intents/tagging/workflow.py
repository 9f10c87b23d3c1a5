"""The life of a message in the tagging inbox, and its numbers. Pure tables."""

from __future__ import annotations

WAITING = "waiting"
ADJUDICATION = "adjudication"
DECIDED = "decided"
SKIPPED = "skipped"

ITEM_MOVES: dict[str, tuple[str, ...]] = {
    WAITING: (ADJUDICATION, DECIDED, SKIPPED),
    ADJUDICATION: (DECIDED, SKIPPED, WAITING),
    DECIDED: (WAITING, ADJUDICATION),  # a person takes the decision back
    SKIPPED: (WAITING, ADJUDICATION),
}

INTENT = "intent"
OFF_TOPIC = "off_topic"
SKIP = "skip"
PROPOSAL = "proposal"

FIRST, SECOND, GOLDEN, PASSED, SETTLED = "first", "second", "golden", "passed", "settled"
TAGGERS_ROLES = (FIRST, SECOND, GOLDEN, PASSED)

POOL = 2_000  # messages that one filling looks at: bounds its time to about half a minute
DEFAULT_QUEUE_SIZE = 500
RANDOM_SHARE = 0.1
NEAR_DUPLICATE_COSINE = 0.93
LEASE_SECONDS = 300
MAX_TAKEN = 20
PASSES_TO_CLOSE = 2  # so many people who pass a message on without a reason close it
ENOUGH_PHRASINGS = 12  # the guide's "8 to 12"
MAX_SECONDS = 3_600.0  # of one decision: longer means that the person was away
