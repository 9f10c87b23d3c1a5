"""Make replays: a person asks, a job works in portions and goes on after a stop, the run is kept as evidence.

Writes ReplayRun and ReplayResult and nothing else. A run holds one bundle: where rules, index or detectors
move while it works, it stops and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.permissions import require
from core.transitions import Table, move
from core.writing import write_transaction
from intents.models import ModelVersion
from pilot.models import ReplayResult, ReplayRun
from pilot.models.replay import MAX_REPLAYED
from pilot.replay.reading import (
    Bundle,
    bundle_of,
    learned_by,
    names_now,
    tickets_replayed,
    version_chosen,
)
from pilot.replay.summary import results_digest, summary_of
from runtime.engines import LIVE
from runtime.turn_state import Engines
from tickets.histories import TicketScope, newest_tickets

TASK = "pilot.tasks.run_replay"
PERMISSION = "pilot.add_replayrun"
DEFAULT_TICKETS = 500
PORTION = 25  # tickets between two signs of life, written together
QUEUED, DONE, STOPPED = "queued", "done", "stopped"
MOVES: Table = {QUEUED: (DONE, STOPPED), STOPPED: (QUEUED,), DONE: ()}

Show = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tickets to replay and with which model; without a version the live one of now."""

    channel: str = ""
    category_id: int | None = None
    since: date | None = None
    until: date | None = None
    limit: int = DEFAULT_TICKETS
    model_version: int | None = None
    name: str = ""

    @property
    def scope(self) -> TicketScope:
        """The tickets, by the days of the workspace; ``until`` is the last day."""
        after = self.until + timedelta(days=1) if self.until else None
        return TicketScope(self.channel, self.category_id, _midnight(self.since), _midnight(after))

    def check(self) -> None:
        """Raise InvalidInput where it cannot be meant."""
        if not 1 <= self.limit <= MAX_REPLAYED:
            raise InvalidInput(f"Replay 1 to {MAX_REPLAYED:,} tickets.", code="bad_limit")
        if self.since and self.until and self.since > self.until:
            raise InvalidInput("The first day lies after the last.", code="bad_period")
        if len(self.name) > 120 or len(self.channel) > 60:
            raise InvalidInput("The name or the channel is too long.", code="too_long")


def replay_start(*, actor: Actor, asked: Asked) -> ReplayRun:
    """Write a run of the scope's newest tickets and queue it. Refuses an empty scope, unknown versions."""
    require(actor, PERMISSION)
    with transaction.atomic():
        run = _run_new(actor, asked)
        _queue(actor, run)
        activity.record(actor, "replay.started", run, after={**_plain(asdict(asked)), "tickets": run.tickets})
    return run


def replay_here(
    *, actor: Actor, asked: Asked, show: Show | None = None, engines: Engines = LIVE
) -> ReplayRun:
    """Make a run here and now, for the command."""
    require(actor, PERMISSION)
    with transaction.atomic():
        run = _run_new(actor, asked)
        activity.record(actor, "replay.started", run, after={**_plain(asdict(asked)), "tickets": run.tickets})
    return replay_work(run_id=run.pk, show=show, engines=engines)


def replay_stop(*, actor: Actor, run: ReplayRun) -> None:
    """Stop a run that waits or works; what it has read stays, and it can go on."""
    require(actor, PERMISSION)
    with transaction.atomic():
        move(run, to=STOPPED, allowed=MOVES, problem=f"Stopped by {actor.label}."[:300])
        if run.job is not None and run.job.state in (run.job.State.QUEUED, run.job.State.RUNNING):
            jobs.cancel(run.job, actor=actor)
        activity.record(actor, "replay.stopped", run)


def is_stuck(run: ReplayRun) -> bool:
    """Tell whether a run waits for a job that has ended without finishing it."""
    return run.state == QUEUED and run.job is not None and run.job.state == run.job.State.FAILED


def replay_resume(*, actor: Actor, run: ReplayRun) -> None:
    """Let a run that was stopped or has failed go on where it was, while its bundle is what is live."""
    require(actor, PERMISSION)
    _check_bundle(run)
    with transaction.atomic():
        if is_stuck(run):
            move(run, to=STOPPED, allowed=MOVES)
        move(run, to=QUEUED, allowed=MOVES, problem="")
        _queue(actor, run)
        activity.record(actor, "replay.resumed", run)


def replay_work(
    *,
    run_id: int,
    progress: jobs.Progress | None = None,
    show: Show | None = None,
    engines: Engines = LIVE,
) -> ReplayRun:
    """Replay the tickets of a run that have no result yet, then sum up. Idempotent by ticket."""
    run = ReplayRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such replay.", code="unknown_replay")
    if run.state != QUEUED:
        return run
    started = time.perf_counter()
    bundle = _bundle_kept(run, engines)
    say = progress or show
    done = set(run.results.values_list("ticket_id", flat=True))
    waiting = [pk for pk in run.selection if pk not in done]
    place = {pk: number for number, pk in enumerate(run.selection, 1)}
    learned = learned_by(bundle.version)
    for first in range(0, len(waiting), PORTION):
        if progress is not None:
            progress.stop_if_cancelled()
        if say is not None:
            say(len(run.selection) - len(waiting) + first, len(run.selection), "Replaying closed tickets")
        rows = list(tickets_replayed(waiting[first : first + PORTION], bundle, learned))
        for row in rows:
            row.run_id, row.number = run.pk, place[row.ticket_id]
        with write_transaction():
            ReplayResult.objects.bulk_create(rows)
    _check_bundle(run)
    _finish(run, time.perf_counter() - started)
    if say is not None:
        say(len(run.selection), len(run.selection), "Done")
    return run


def _run_new(actor: Actor, asked: Asked) -> ReplayRun:
    asked.check()
    version = version_chosen(asked.model_version)
    selection = newest_tickets(asked.scope, limit=asked.limit)
    if not selection:
        raise InvalidInput(
            "No closed ticket is in this scope. Choose another channel, category or period.",
            code="no_tickets",
        )
    return ReplayRun.objects.create(
        name=asked.name.strip(),
        channel=asked.channel,
        category_id=asked.category_id,
        since=asked.since,
        until=asked.until,
        limit=asked.limit,
        model_version=version.number,
        selection=selection,
        tickets=len(selection),
        made_by=actor.label[:150],
    )


def _queue(actor: Actor, run: ReplayRun) -> None:
    run.job = jobs.enqueue(TASK, dedupe_key=f"{TASK}:{run.pk}", requested_by=actor.label, run_id=run.pk)
    run.save(update_fields=["job"])


def _bundle_kept(run: ReplayRun, engines: Engines) -> Bundle:
    """Return the run's bundle, noting its names with the first portion."""
    bundle = bundle_of(version_chosen(run.model_version), engines)
    if run.bundle:
        _check_bundle(run)
    else:
        run.bundle = dict(bundle.names)
        run.save(update_fields=["bundle"])
    return bundle


def _check_bundle(run: ReplayRun) -> None:
    """Raise Conflict where a version has moved since the run began, and stop it."""
    if not run.bundle:
        return
    version = ModelVersion.objects.get(number=run.model_version)
    now = names_now(version)
    moved = sorted(name for name, value in run.bundle.items() if now.get(name) != value)
    if moved:
        words = ", ".join(name.replace("_", " ") for name in moved)
        problem = f"Changed while it worked: {words}. A replay holds one bundle; start a new one."
        ReplayRun.objects.filter(pk=run.pk, state=QUEUED).update(state=STOPPED, problem=problem[:300])
        raise Conflict(problem, code="bundle_moved", extra={"moved": moved})


def _finish(run: ReplayRun, seconds: float) -> None:
    results = list(run.results.order_by("number"))
    with transaction.atomic():
        move(
            run,
            to=DONE,
            allowed=MOVES,
            tickets=len(results),
            seen=sum(row.seen for row in results),
            newer=sum(row.newer and not row.seen for row in results),
            summary=summary_of(results),
            digest=results_digest(run.bundle, results),
            seconds=round(run.seconds + seconds, 2),
            finished_at=timezone.now(),
            problem="",
        )
        after = {"tickets": run.tickets, "digest": run.digest}
        activity.record(Actor.system(TASK), "replay.done", run, after=after)


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, clock.min)) if day else None


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in fields.items()}
