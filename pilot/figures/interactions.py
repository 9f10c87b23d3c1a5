"""From rows to what is said of each conversation of a pilot, in a fixed number of queries.

Reads drafts in order of conversation and keeps a few bytes of each, so that 100,000 conversations fit. What a
conversation counts as is pilot.resolutions' business, the inferred score pilot.inferred's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q
from django.db.models.functions import Left
from django.utils import timezone

from escalation.attempts import is_thanks
from escalation.triggers import ANGER, TRIGGERS
from pilot import workflow
from pilot.drafts.collecting import monday_of
from pilot.inferred import Signs, inferred_of
from pilot.metrics import Interaction
from pilot.models import Draft, Pilot, Review
from pilot.resolutions import WAIT, Ending, Handling, resolution_in_pilot
from pilot.weeks import Told
from runtime.models import Conversation, Feedback, FlowRun, Handoff, Turn
from runtime.placement import SHADOW

CHUNK = 5_000
MAX_THANKS = 200  # characters of a message that is read for thanks
ANGRY_FROM = float(TRIGGERS[ANGER].defaults["minimum_anger"])
ANSWER, ACT, CLARIFY, ESCALATE = (
    Turn.Decision.ANSWER.value,
    Turn.Decision.ACT.value,
    Turn.Decision.CLARIFY.value,
    Turn.Decision.ESCALATE.value,
)


@dataclass(slots=True)
class _Row:
    """One draft as the query returns it."""

    conversation_id: UUID
    draft_id: int
    mode: str
    happened_at: datetime
    in_sample: bool
    sent_at: datetime | None
    turn_id: int
    number: int
    decision: str
    intent: str
    is_fallback: bool | None
    delivered: bool
    text: str
    signs: Any
    customer: str


@dataclass(slots=True)
class _Beside:
    """What other rows say, by draft, turn or conversation."""

    reviews: dict[int, bool]  # draft → whether a standing review of it corrects
    feedback: dict[int, tuple[str, int | None, bool | None]]  # turn → rating, CSAT, reopened
    flows: dict[UUID, bool]  # conversation whose last flow ended well → whether the customer said yes last
    handed: set[UUID]
    again: dict[tuple[str, str], list[tuple[datetime, UUID]]] = field(default_factory=dict)


def interactions_of(pilot: Pilot, *, now: datetime | None = None) -> list[Told]:
    """Return each conversation of a pilot, with its state at ``now`` (six queries, however many)."""
    moment = now or timezone.now()
    beside = _Beside(
        reviews=_reviews(pilot), feedback=_feedback(pilot), flows=_flows(pilot), handed=_handed(pilot)
    )
    if pilot.source == workflow.LIVE_SOURCE:
        beside.again = _came_again(pilot)
        return [_told(drafts, beside, moment) for drafts in _conversations(pilot)]
    conversations = [*_conversations(pilot)]
    beside.again = _came_again_in(conversations)
    return [_told(drafts, beside, moment) for drafts in conversations]


def _conversations(pilot: Pilot) -> Iterator[list[_Row]]:
    rows = (
        Draft.objects.filter(pilot=pilot)
        .order_by("conversation_id", "turn__number")
        .values_list(
            *("conversation_id", "pk", "mode", "happened_at", "in_sample", "sent_at", "turn_id"),
            *("turn__number", "turn__decision", "turn__intent", "turn__is_fallback", "turn__delivered"),
            *(
                Left("turn__text", MAX_THANKS),
                "turn__trace__facts__signs",
                "conversation__customer_external_id",
            ),
        )
        .iterator(chunk_size=CHUNK)
    )
    for _, drafts in groupby((_Row(*row) for row in rows), key=attrgetter("conversation_id")):
        yield list(drafts)


def _reviews(pilot: Pilot) -> dict[int, bool]:
    """Return which drafts have a standing review, and whether one of them corrects (1 query)."""
    standing = Review.objects.filter(draft__pilot=pilot, undone_at=None).order_by()
    found: dict[int, bool] = {}
    rows = standing.values_list("draft_id", "outcome", "verdict").iterator(chunk_size=CHUNK)
    for draft_id, outcome, verdict in rows:
        corrects = outcome != workflow.APPROVED or verdict != workflow.CORRECT
        found[draft_id] = found.get(draft_id, False) or corrects
    return found


def _feedback(pilot: Pilot) -> dict[int, tuple[str, int | None, bool | None]]:
    rows = Feedback.objects.filter(turn__pilot_id=pilot.pk).order_by()
    found = rows.values_list("turn_id", "rating", "csat", "reopened").iterator(chunk_size=CHUNK)
    return {turn_id: (rating, csat, reopened) for turn_id, rating, csat, reopened in found}


def _flows(pilot: Pilot) -> dict[UUID, bool]:
    """Return where the last flow ended well, and whether its last step was the customer's yes (1 query)."""
    rows = FlowRun.objects.filter(conversation__pilot_id=pilot.pk).order_by("conversation_id", "number")
    found: dict[UUID, bool] = {}
    for conversation_id, state, events in rows.values_list("conversation_id", "state", "events").iterator(
        chunk_size=CHUNK
    ):
        found.pop(conversation_id, None)
        if state == FlowRun.State.RESOLVED:
            found[conversation_id] = len(events) > 1 and events[-2].get("outcome") == "yes"
    return found


def _handed(pilot: Pilot) -> set[UUID]:
    rows = Handoff.objects.filter(conversation__pilot_id=pilot.pk).order_by()
    return set(rows.values_list("conversation_id", flat=True).iterator(chunk_size=CHUNK))


def _came_again(pilot: Pilot) -> dict[tuple[str, str], list[tuple[datetime, UUID]]]:
    """Return when customers with several conversations wrote of what, in any of them (1 query)."""
    served = Conversation.objects.filter(ticket=None).exclude(customer_external_id="")
    of_pilot = served.filter(pilot_id=pilot.pk).values("customer_external_id")
    several = (
        served.filter(customer_external_id__in=of_pilot)
        .order_by()
        .values("customer_external_id")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .values("customer_external_id")
    )
    rows = (
        Turn.objects.filter(conversation__ticket=None, conversation__customer_external_id__in=several)
        .exclude(intent="")
        .exclude(Q(is_fallback=True))
        .order_by()
        .values_list("conversation__customer_external_id", "intent", "conversation_id")
        .annotate(first=Min("created_at"))
        .iterator(chunk_size=CHUNK)
    )
    found: dict[tuple[str, str], list[tuple[datetime, UUID]]] = defaultdict(list)
    for customer, intent, conversation_id, first in rows:
        found[customer, intent].append((first, conversation_id))
    return dict(found)


def _came_again_in(
    conversations: Iterable[list[_Row]],
) -> dict[tuple[str, str], list[tuple[datetime, UUID]]]:
    """Return the same from replayed tickets alone: their time is not that of the turns' rows."""
    found: dict[tuple[str, str], list[tuple[datetime, UUID]]] = defaultdict(list)
    for drafts in conversations:
        seen = set()
        for row in drafts:
            if row.customer and _has_intent(row) and row.intent not in seen:
                seen.add(row.intent)
                found[row.customer, row.intent].append((row.happened_at, row.conversation_id))
    return dict(found)


def _told(drafts: list[_Row], beside: _Beside, now: datetime) -> Told:
    first, last = drafts[0], drafts[-1]
    last_at = max(max(row.happened_at, row.sent_at or row.happened_at) for row in drafts)
    reviews = [beside.reviews[row.draft_id] for row in drafts if row.draft_id in beside.reviews]
    asked = [row.draft_id for row in drafts if row.in_sample]
    given = sum(draft_id in beside.reviews for draft_id in asked)
    intent = next((row.intent for row in reversed(drafts) if _has_intent(row)), "")
    ending = _ending(drafts, beside, intent, last_at)
    handling = Handling(
        mode=last.mode,
        sampled=bool(asked),
        reviewed=given == len(asked),
        corrected=any(reviews),
        sent=last.delivered or last.sent_at is not None,
    )
    resolution = resolution_in_pilot(ending, handling, now=now)
    shadow = last.mode == SHADOW
    unrated = resolution  # the inferred score is never made of CSAT
    if ending.csat is not None:
        unrated = resolution_in_pilot(replace(ending, csat=None), handling, now=now)
    inferred = None if shadow else inferred_of(unrated, _signs(drafts))
    return Told(
        conversation_id=first.conversation_id,
        week=monday_of(first.happened_at),
        began_at=first.happened_at,
        last_at=last_at,
        mode=last.mode,
        intent=intent,
        what=Interaction(
            resolution,
            None if shadow else (last_at - first.happened_at).total_seconds() / 60,
            csat=ending.csat,
            reviewed=bool(reviews),
            corrected=any(reviews),
            asked=len(asked),
            given=given,
            inferred=inferred.score if inferred else None,
            escalated=ending.escalated,
        ),
        inferred=inferred,
    )


def _ending(drafts: list[_Row], beside: _Beside, intent: str, last_at: datetime) -> Ending:
    last = drafts[-1]
    conversation_id = last.conversation_id
    answered = last.decision == ANSWER or (last.decision == ACT and conversation_id in beside.flows)
    told = [(row, *beside.feedback[row.turn_id]) for row in drafts if row.turn_id in beside.feedback]
    sent = [one for one in told if one[0].delivered or one[0].sent_at is not None]
    ratings = [rating for _, rating, _, _ in sent if rating]
    thanked = (
        len(drafts) > 1
        and drafts[-2].decision in (ANSWER, ACT)
        and "?" not in last.text
        and is_thanks(last.text)
    )
    return Ending(
        last_at=last_at,
        answered=answered,
        escalated=conversation_id in beside.handed or any(row.decision == ESCALATE for row in drafts),
        confirmed=thanked
        or (last.decision == ACT and beside.flows.get(conversation_id, False))
        or (bool(ratings) and ratings[-1] == Feedback.Rating.UP),
        came_back=any(reopened for _, _, _, reopened in told) or _is_back(beside, last, intent, last_at),
        thumbs_down=Feedback.Rating.DOWN in ratings,
        csat=next((csat for _, _, csat, _ in reversed(sent) if csat is not None), None),
    )


def _is_back(beside: _Beside, last: _Row, intent: str, last_at: datetime) -> bool:
    """Tell whether the customer began another conversation about the same within the waiting time."""
    if not intent or not last.customer:
        return False
    return any(
        last_at < at <= last_at + WAIT and conversation_id != last.conversation_id
        for at, conversation_id in beside.again.get((last.customer, intent), ())
    )


def _has_intent(row: _Row) -> bool:
    return bool(row.intent) and not row.is_fallback


def _signs(drafts: list[_Row]) -> Signs:
    answered = [row.intent for row in drafts if row.decision == ANSWER and row.intent]
    return Signs(
        messages=len(drafts),
        clarifications=sum(row.decision == CLARIFY for row in drafts),
        repeats=len(answered) - len(set(answered)),
        angry=any(
            sign.get("trigger") == ANGER and sign.get("score", 0) >= ANGRY_FROM
            for row in drafts
            for sign in row.signs or ()
        ),
    )
