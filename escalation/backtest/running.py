"""Run a back-test and keep it: queued by a person, done by a job, written once as evidence.

A run holds ids, never a customer's words: pages read those where they are. Decides nothing about enabling
(escalation.backtest.enabling).
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core import activity, jobs
from core.actors import Actor
from core.errors import NotFound
from core.models import Job
from core.permissions import require
from escalation.backtest.candidate import NUMBER, Change, digest, rows_digest
from escalation.backtest.replay import Pair
from escalation.backtest.replaying import Done, Settings, replay_here
from escalation.backtest.rules import Trial, trial_of
from escalation.models import BacktestFlip, BacktestRun

TASK = "escalation.tasks.run_backtest"
PERMISSION = "escalation.add_backtestrun"
KEPT_FLIPS = 1_000
READ_FIRST = 300  # tickets without present facts that a run reads before it decides


def backtest_start(
    *, actor: Actor, change: Change, settings: Settings, not_before: datetime | None = None
) -> Job:
    """Queue a run of a change; the same one that is queued already is returned. Refuses what cannot be."""
    require(actor, PERMISSION)
    settings.check()
    trial = trial_of(change)
    asked: dict[str, Any] = {"change": asdict(trial.change), "settings": asdict(settings)}
    return jobs.enqueue(
        TASK,
        dedupe_key=f"{TASK}:{digest(asked)[:40]}",
        requested_by=actor.label,
        not_before=not_before,
        **asked,
        by=actor.label,
    )


def backtest_jobs() -> list[Job]:
    """Return the runs that wait or are at work, newest first."""
    under_way = (Job.State.QUEUED, Job.State.RUNNING)
    return list(Job.objects.filter(task=TASK, state__in=under_way).order_by("-created_at")[:10])


def backtest_cancel(*, actor: Actor, job_id: UUID) -> Job:
    """Stop a run that waits or works; what it has read of tickets stays."""
    require(actor, PERMISSION)
    job = Job.objects.filter(pk=job_id, task=TASK).first()
    if job is None:
        raise NotFound("There is no such run.", code="unknown_run")
    return jobs.cancel(job, actor=actor)


def backtest_run(
    *, change: Change, settings: Settings, made_by: str, progress: jobs.Progress | None = None
) -> BacktestRun:
    """Read what tickets lack, replay every case, and keep the run with its flips in one transaction."""
    started = time.perf_counter()
    trial = trial_of(change)
    done = replay_here(trial, settings, read=READ_FIRST, progress=progress)
    with transaction.atomic():
        run = BacktestRun.objects.create(
            **_fields(trial, settings, done),
            seconds=round(time.perf_counter() - started, 2),
            made_by=made_by[:150],
        )
        BacktestFlip.objects.bulk_create(
            [_flip(run, number, pair) for number, pair in enumerate(done.flips[:KEPT_FLIPS], 1)]
        )
        activity.record(
            Actor.system(TASK),
            "backtest.done",
            run,
            after={"cases": run.cases, "flips": run.flips, "asked_by": made_by, "digest": run.digest},
        )
    return run


def _fields(trial: Trial, settings: Settings, done: Done) -> dict[str, Any]:
    change = trial.change
    return {
        "change": asdict(change),
        "settings": asdict(settings),
        "rule_id": change.rule_id,
        "rule_version": None if change.kind == NUMBER else change.rule_version,
        "change_kind": change.kind,
        "live_number": trial.live_number,
        "live_digest": rows_digest(trial.live_rows),
        "live_rows": list(trial.live_rows),
        "candidate_rows": list(trial.rows),
        "cases": done.after.cases,
        "flips": len(done.flips),
        "content": done.content,
        "digest": done.digest,
    }


def _flip(run: BacktestRun, number: int, pair: Pair) -> BacktestFlip:
    return BacktestFlip(
        run=run,
        number=number,
        case_kind=pair.case.kind,
        case_id=pair.case.id,
        needed=pair.case.truth.needed,
        why=pair.case.truth.why,
        before=pair.before.action,
        before_reason=pair.before.reason[:30],
        before_rule=pair.before.rule_id,
        after=pair.after.action,
        after_reason=pair.after.reason[:30],
        after_rule=pair.after.rule_id,
    )
