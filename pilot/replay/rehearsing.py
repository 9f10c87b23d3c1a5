"""Rehearse on closed tickets: they become shadow conversations of a pilot, in their own order of time.

What is played are the messages with which a customer began, before a person answered: later ones answer the
person and not the agent's draft, and are played only where that is asked for. Tickets that the live model has
learned from are left out. Nothing is sent, nobody is called, no action is done. Decides nothing about drafts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from core import activity, jobs
from core.actors import Actor
from core.draws import draw
from core.errors import Conflict, InvalidInput, NotFound
from core.models import Job
from core.permissions import require
from pilot import workflow
from pilot.drafts.collecting import drafts_collect, monday_of
from pilot.models import Draft, Pilot
from pilot.replay.frozen import frozen_cases_ensure
from pilot.replay.reading import Learned, learned_by, version_chosen
from pilot.replay.weeks import bounds_of, scope_of
from runtime.contracts import TurnRequest
from runtime.engines import LIVE
from runtime.models import Conversation
from runtime.placement import SHADOW, Placement
from runtime.services import AsOf, turn_replay
from runtime.turn_state import Engines
from tickets.histories import AGENT, CUSTOMER, Message, TicketHistory, ticket_histories, tickets_of

REHEARSAL_TASK = "pilot.tasks.play_rehearsal"
PERMISSION = "pilot.change_pilot"
PORTION = 20  # tickets between two signs of life
MAX_MESSAGES = 10  # of one ticket
CHANNEL_LENGTH = 32
MAX_LIMIT = 5_000
Show = Callable[[int, int, str], None]


@dataclass(slots=True)
class Played:
    """What a rehearsal has done: tickets by what became of them, and turns."""

    tickets: int = 0
    turns: int = 0
    seen: int = 0  # left out: the live model has learned from them
    silent: int = 0  # left out: the customer says nothing
    before: int = 0  # played already

    def as_json(self) -> dict[str, int]:
        """Return the counts, for a job's row."""
        return asdict(self)


def rehearsal_play(
    *,
    actor: Actor,
    pilot: Pilot,
    until: datetime | None = None,
    limit: int | None = None,
    since: datetime | None = None,
    follow_ups: bool = False,
    progress: jobs.Progress | None = None,
    engines: Engines = LIVE,
) -> Played:
    """Play the scope's tickets opened from ``since`` until before ``until``; ``limit`` a week, drawn by lot.

    Writes Conversation, Turn, Trace and Draft rows in the tickets' own time. Idempotent by ticket: what was
    played stays as it was, and a broken-off play goes on. Refuses a pilot that does not rehearse or run.
    """
    require(actor, PERMISSION)
    _check(pilot, limit)
    learned = learned_by(version_chosen(None))
    frozen_cases_ensure(pilot)
    chosen = _chosen(pilot, since, until, limit)
    played = Played()
    for first in range(0, len(chosen), PORTION):
        if progress is not None:
            progress.stop_if_cancelled()
            progress(first, len(chosen), f"Rehearsing {pilot.name}")
        _check_running(pilot)
        _portion_play(pilot, chosen[first : first + PORTION], learned, follow_ups, engines, played)
    with transaction.atomic():
        activity.record(actor, "rehearsal.played", pilot, after=played.as_json())
    return played


def rehearsal_week_start(
    *, actor: Actor, pilot: Pilot, week: date, limit: int | None = None, follow_ups: bool = False
) -> Job:
    """Queue the play of one week; the same one that is queued already is returned."""
    require(actor, PERMISSION)
    _check(pilot, limit)
    week = week_checked(week)
    at_work = Job.objects.filter(task=REHEARSAL_TASK, state=Job.State.RUNNING, arguments__pilot_id=pilot.pk)
    if at_work.exists():
        raise Conflict("A week is being played right now. Wait until it is done.", code="being_played")
    return jobs.enqueue(
        REHEARSAL_TASK,
        dedupe_key=f"{REHEARSAL_TASK}:{pilot.pk}",
        requested_by=actor.label,
        pilot_id=pilot.pk,
        week=week.isoformat(),
        limit=limit,
        follow_ups=follow_ups,
        by=actor.label,
    )


def rehearsal_week(
    *,
    pilot_id: int,
    week: date,
    limit: int | None,
    follow_ups: bool,
    by: str,
    progress: jobs.Progress | None = None,
) -> Played:
    """Play one week; for the job, whose permission was asked when it was queued."""
    pilot = Pilot.objects.filter(pk=pilot_id).first()
    if pilot is None:
        raise NotFound("There is no such pilot.", code="unknown_pilot")
    since, until = bounds_of(week)
    return rehearsal_play(
        actor=Actor.system(f"rehearsal, asked for by {by}"[:150]),
        pilot=pilot,
        since=since,
        until=until,
        limit=limit,
        follow_ups=follow_ups,
        progress=progress,
    )


def week_checked(week: date) -> date:
    """Return the week's Monday; raise InvalidInput for another day."""
    if week.weekday() != 0:
        raise InvalidInput("A week begins on a Monday.", code="not_a_monday")
    return week


def messages_played(ticket: TicketHistory, *, follow_ups: bool) -> list[Message]:
    """Return the customer's messages that are played: those before a person's first answer, or all."""
    found: list[Message] = []
    for message in ticket.messages:
        if message.author == AGENT and not follow_ups:
            break
        if message.author == CUSTOMER:
            found.append(message)
    return found[:MAX_MESSAGES]


def replies_sent(ticket: TicketHistory, played: list[Message]) -> dict[int, Message]:
    """Return what a person answered: by the number of the last played message before each answer."""
    found: dict[int, Message] = {}
    number = 0
    for message in ticket.messages:
        if message.author == CUSTOMER:
            number += 1
        elif 1 <= number <= len(played):
            found.setdefault(number, message)
    return found


def _portion_play(
    pilot: Pilot,
    ticket_ids: list[int],
    learned: Learned,
    follow_ups: bool,
    engines: Engines,
    played: Played,
) -> None:
    begun = {
        ticket_id: (pk, turns)
        for ticket_id, pk, turns in Conversation.objects.filter(
            pilot_id=pilot.pk, ticket__in=ticket_ids
        ).values_list("ticket_id", "pk", "turn_count")
    }
    sent: dict[tuple[int, int], Message] = {}
    for ticket in ticket_histories(ticket_ids):
        messages = messages_played(ticket, follow_ups=follow_ups)
        conversation, done = begun.get(ticket.ticket_id, (None, 0))
        if conversation is None and learned.has_seen(ticket):
            played.seen += 1
            continue
        if not messages:
            played.silent += 1
            continue
        for number, reply in replies_sent(ticket, messages).items():
            sent[ticket.ticket_id, number] = reply
        if done >= len(messages):
            played.before += 1
            continue
        try:
            for message in messages[done:]:
                conversation = _turn_play(pilot, ticket, message, conversation, engines)
                played.turns += 1
        except IntegrityError:  # another process has begun this ticket at the same moment
            played.before += 1
            continue
        played.tickets += 1
    drafts_collect(pilot_id=pilot.pk)
    _note_sent(pilot, ticket_ids, sent)


def _turn_play(
    pilot: Pilot, ticket: TicketHistory, message: Message, conversation: Any, engines: Engines
) -> Any:
    request = TurnRequest(
        text=message.text,
        conversation_id=conversation,
        channel=(ticket.channel or "ticket")[:CHANNEL_LENGTH],
    )
    as_of = AsOf(max(message.at, ticket.created_at), ticket.ticket_id, Placement(SHADOW, pilot.pk))
    actor = Actor.system("rehearsal")
    return turn_replay(actor=actor, request=request, as_of=as_of, engines=engines).conversation_id


def _note_sent(pilot: Pilot, ticket_ids: list[int], sent: dict[tuple[int, int], Message]) -> None:
    """Put what the person really answered beside the drafts that have nothing yet."""
    drafts = Draft.objects.filter(pilot=pilot, conversation__ticket__in=ticket_ids, sent_at=None)
    changed = []
    for draft in drafts.select_related("turn", "conversation"):
        reply = sent.get((draft.conversation.ticket_id or 0, draft.turn.number))
        if reply is not None:
            draft.sent_text, draft.sent_via, draft.sent_at = reply.text, Draft.SentVia.TICKET, reply.at
            changed.append(draft)
    Draft.objects.bulk_update(changed, ["sent_text", "sent_via", "sent_at"], batch_size=200)


def _chosen(pilot: Pilot, since: datetime | None, until: datetime | None, limit: int | None) -> list[int]:
    """Return the ids of the tickets to play, oldest first; ``limit`` of each week by a lot nobody chooses."""
    by_week: dict[date, list[int]] = {}
    for pk, at in tickets_of(scope_of(pilot, since=since, until=until)):
        by_week.setdefault(monday_of(at), []).append(pk)
    frozen = set(pilot.frozen_cases.values_list("ticket_id", flat=True))
    found: list[int] = []
    for tickets in by_week.values():
        free = [pk for pk in tickets if pk not in frozen]
        lot = sorted(free, key=lambda pk: draw(f"{pilot.pk}:{pk}", "rehearsal"))
        drawn = set(lot[:limit])
        found += [pk for pk in free if pk in drawn]
    return found


def _check(pilot: Pilot, limit: int | None) -> None:
    if pilot.source != workflow.REPLAY_SOURCE:
        raise Conflict(
            "This pilot works on live messages. Plan a pilot on closed tickets to rehearse.",
            code="not_a_rehearsal",
        )
    if limit is not None and not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"Play 1 to {MAX_LIMIT:,} tickets a week.", code="bad_limit")
    _check_running(pilot)


def _check_running(pilot: Pilot) -> None:
    """Raise Conflict where the pilot does not run, as its row says now: the kill switch stops a play too."""
    state = Pilot.objects.filter(pk=pilot.pk).values_list("state", flat=True).first()
    if state != workflow.RUNNING:
        raise Conflict(
            f"This pilot is {state or 'gone'}; only a running one plays tickets.", code="pilot_not_running"
        )
