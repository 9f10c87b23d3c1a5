"""The desk's lists: who waits (longest first), who is with whom, what was finished lately. Each is bounded.

Rows hold points in time, never durations: what the page shows of them ticks there, and an answer that holds
nothing new is the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Left

from escalation.language import told_minutes
from runtime import workflow
from runtime.models import REASONS, Handoff

MAX_WAITING = 100
MAX_TAKEN = 50
MAX_FINISHED = 10
EXCERPT_CHARACTERS = 160
REASON_LABELS = dict(REASONS)
OUTCOME_LABELS = dict(Handoff.Outcome.choices)
STATE_LABELS = dict(Handoff.State.choices)


@dataclass(frozen=True, slots=True)
class DeskCase:
    """One handoff as a line of a list."""

    id: int
    state: str
    reason: str
    hard: bool
    intent: str
    tier: str
    team: str
    customer: str
    channel: str
    excerpt: str
    complete: bool
    requested_at: datetime
    promised_until: datetime | None
    promised_minutes: int | None
    holder: str
    mine: bool
    customer_waits: bool
    messages: int
    finished_at: datetime | None
    end: str


@dataclass(frozen=True, slots=True)
class DeskLists:
    """What the left of the desk shows; ``waiting_total`` counts also those beyond the list."""

    waiting: tuple[DeskCase, ...]
    waiting_total: int
    mine: tuple[DeskCase, ...]
    colleagues: tuple[DeskCase, ...]
    finished: tuple[DeskCase, ...]


def desk_lists(user_id: int) -> DeskLists:
    """Return the lists for one person, in four queries however long they are."""
    waiting = Handoff.objects.filter(state__in=(workflow.REQUESTED, workflow.QUEUED))
    taken = Handoff.objects.filter(state=workflow.ACCEPTED)
    finished = Handoff.objects.filter(state__in=(workflow.RESOLVED, workflow.RETURNED))
    queue = _cases(waiting.order_by("requested_at", "pk"), user_id, MAX_WAITING)
    with_people = _cases(taken.order_by("accepted_at", "pk"), user_id, 2 * MAX_TAKEN)
    return DeskLists(
        waiting=queue,
        waiting_total=waiting.count() if len(queue) == MAX_WAITING else len(queue),
        mine=tuple(case for case in with_people if case.mine),
        colleagues=tuple(case for case in with_people if not case.mine)[:MAX_TAKEN],
        finished=_cases(finished.order_by("-finished_at", "-pk"), user_id, MAX_FINISHED),
    )


def promise_of(requested_at: datetime, wait_seconds: int | None) -> tuple[datetime | None, int | None]:
    """Return until when a person was promised and in how many minutes, as the customer has read it."""
    if wait_seconds is None:
        return None, None
    minutes = told_minutes(wait_seconds)
    return requested_at + timedelta(minutes=minutes), minutes


def _cases(handoffs: QuerySet[Handoff], user_id: int, limit: int) -> tuple[DeskCase, ...]:
    rows = handoffs.annotate(
        intent_label=KT("packet__intent__label"), excerpt=Left("turn__text", EXCERPT_CHARACTERS)
    ).values(
        *("pk", "state", "reason", "rule_kind", "complete", "requested_at", "accepted_by", "assignee_id"),
        *("message_count", "last_sender", "finished_at", "outcome", "intent_label", "excerpt"),
        *("turn__intent", "turn__is_fallback", "turn__wait_estimate_seconds"),
        *("team__name", "conversation__tier", "conversation__customer_external_id", "conversation__channel"),
    )
    return tuple(_case(row, user_id) for row in rows[:limit])


def _case(row: dict[str, Any], user_id: int) -> DeskCase:
    promised_until, minutes = promise_of(row["requested_at"], row["turn__wait_estimate_seconds"])
    return DeskCase(
        id=row["pk"],
        state=row["state"],
        reason=REASON_LABELS.get(row["reason"], row["reason"]),
        hard=row["rule_kind"] == "hard",
        intent=(row["intent_label"] or row["turn__intent"]) + ("?" if row["turn__is_fallback"] else ""),
        tier=row["conversation__tier"],
        team=row["team__name"] or "",
        customer=row["conversation__customer_external_id"],
        channel=row["conversation__channel"],
        excerpt=row["excerpt"],
        complete=row["complete"],
        requested_at=row["requested_at"],
        promised_until=promised_until,
        promised_minutes=minutes,
        holder=row["accepted_by"],
        mine=row["assignee_id"] == user_id and row["state"] == workflow.ACCEPTED,
        customer_waits=row["state"] == workflow.ACCEPTED and row["last_sender"] != "human",
        messages=row["message_count"],
        finished_at=row["finished_at"],
        end=OUTCOME_LABELS.get(row["outcome"], STATE_LABELS[row["state"]]),
    )
