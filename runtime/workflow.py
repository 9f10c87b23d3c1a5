"""Which states follow which: conversations and handoffs. Moves are made by core.transitions only."""

from __future__ import annotations

OPEN, WAITING_FOR_HUMAN, WITH_HUMAN, CLOSED = "open", "waiting_for_human", "with_human", "closed"
CONVERSATION = {
    OPEN: (WAITING_FOR_HUMAN, CLOSED),
    WAITING_FOR_HUMAN: (WITH_HUMAN, OPEN, CLOSED),
    WITH_HUMAN: (WAITING_FOR_HUMAN, OPEN, CLOSED),
    CLOSED: (),
}

REQUESTED, QUEUED, ACCEPTED, RESOLVED, RETURNED = "requested", "queued", "accepted", "resolved", "returned"
HANDOFF = {
    REQUESTED: (QUEUED,),
    QUEUED: (ACCEPTED, RETURNED),
    ACCEPTED: (RESOLVED, RETURNED, QUEUED),
    RESOLVED: (),
    RETURNED: (),
}
OPEN_HANDOFF = (REQUESTED, QUEUED, ACCEPTED)
UNCLAIMED = (REQUESTED, QUEUED)  # no person has it yet
WITH_PEOPLE = (WAITING_FOR_HUMAN, WITH_HUMAN)  # the agent is silent

# Calls of actions. Failed: it had no effect, so a person may have it sent again.
PENDING, RUNNING, SUCCEEDED, FAILED, UNKNOWN = "pending", "running", "succeeded", "failed", "unknown"
ACTION_CALL = {
    PENDING: (RUNNING, FAILED),
    RUNNING: (SUCCEEDED, FAILED, UNKNOWN),
    UNKNOWN: (SUCCEEDED, FAILED),
    FAILED: (PENDING,),
    SUCCEEDED: (),
}
OPEN_ACTION_CALL = (PENDING, RUNNING)

# What another system is told of a handoff. Failed: it was not told, so a person may have it sent again.
WAITING, SENT = "waiting", "sent"
DELIVERY = {
    WAITING: (SENT, FAILED, UNKNOWN),
    UNKNOWN: (SENT, FAILED, WAITING),
    FAILED: (WAITING,),
    SENT: (),
}
OPEN_DELIVERY = (WAITING, UNKNOWN)
