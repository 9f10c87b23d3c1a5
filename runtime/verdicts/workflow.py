"""The words and numbers of verdicts on sampled turns. Pure tables."""

from __future__ import annotations

RIGHT, OVER, UNDER, CANNOT_TELL = "right", "over", "under", "cannot_tell"
ANSWERS = (RIGHT, OVER, UNDER, CANNOT_TELL)

# Why an escalation was not needed, and why one was missing; "other" wants a note.
OTHER = "other"
REASONS: dict[str, dict[str, str]] = {
    OVER: {
        "could_answer": "The agent could have answered",
        "rule_misread": "The rule misread the words",
        "question_first": "One more question would have done",
        OTHER: "Something else",
    },
    UNDER: {
        "asked_for_person": "Asked for a person",
        "upset": "Upset customer",
        "money_or_legal": "Money or law",
        "wrong_answer": "The answer was wrong or no answer",
        OTHER: "Something else",
    },
}

FIRST, SECOND = "first", "second"
LEASE_SECONDS = 300
MAX_TAKEN = 10
MAX_SECONDS = 3_600.0  # of one verdict: longer means that the person was away
MAX_NOTE = 1_000
ENOUGH = 30  # under so many verdicts a rate says nothing
AT_LEAST_PER_STRATUM = 3
FIRST_WINDOW_DAYS = 28  # how far back the very first sample goes
WEEK_DAYS = 7
EARLIER_TURNS = 10  # shown before the turn in question
EARLIER_CHARACTERS = 2_000
