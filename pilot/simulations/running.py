"""Runs of suites as rows: started by a person, done by a job, kept for ever.

Each result is written when its scenario has been played, so that a run that is taken up again after a crash
plays only what is missing. No model works inside a transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput
from core.models import Job
from core.permissions import require
from core.transitions import move
from intents.models import ModelVersion
from pilot.models import Scenario, SimulationResult, SimulationRun, Suite
from pilot.simulations import workflow
from pilot.simulations.judging import Judged, digest_of, judged
from pilot.simulations.play import Stage
from pilot.simulations.reading import script_of
from pilot.simulations.staging import bundle_of, stage_set
from pilot.simulations.transcript import Failure

TASK = "pilot.tasks.run_simulation"
RUN = "pilot.run_simulation"
ENDED_JOBS = (Job.State.FAILED, Job.State.QUARANTINED, Job.State.SUCCEEDED)
MAX_ENABLED = 2_000
HERE_AT_MOST = timedelta(hours=2)  # a run without a job belongs to a command, which may have been killed


def simulation_start(
    *, actor: Actor, suite: Suite, model_version: ModelVersion | None = None, here: bool = False
) -> SimulationRun:
    """Queue a run of the suite's enabled scenarios, on the live model or on a candidate. Writes run and job.

    With ``here`` no job is queued: the caller plays it in this process, by ``simulation_run``.
    Raises InvalidInput where there is nothing to play or the version cannot answer, Conflict where the same
    is under way.
    """
    require(actor, RUN)
    count = suite.scenarios.filter(enabled=True).count()
    if not count:
        raise InvalidInput("This suite has no enabled scenario. Write one first.", code="empty_suite")
    if count > MAX_ENABLED:
        raise InvalidInput(f"A run plays at most {MAX_ENABLED:,} scenarios.", code="suite_too_large")
    if model_version is not None and model_version.state != ModelVersion.State.READY:
        raise InvalidInput(f"{model_version} is not ready to answer.", code="version_not_ready")
    runs_settle()
    under_way = suite.runs.filter(state__in=workflow.UNDER_WAY, model_version=model_version)
    if under_way.exists():
        raise Conflict("This suite is being run already. Wait for it, or stop it.", code="already_running")
    try:
        with transaction.atomic():
            run = SimulationRun.objects.create(
                suite=suite,
                model_version=model_version,
                state=workflow.RUNNING if here else workflow.QUEUED,
                total=count,
                started_by=actor.label[:150],
            )
            if not here:
                run.job = jobs.enqueue(TASK, requested_by=actor.label, run_id=run.pk)
                run.save(update_fields=["job"])
            activity.record(actor, "simulation.started", run, after={"suite": suite.name, "scenarios": count})
    except IntegrityError as clash:
        raise Conflict("This suite is being run already.", code="already_running") from clash
    return run


def simulation_cancel(*, actor: Actor, run: SimulationRun) -> None:
    """Stop a run that waits or works; what has been played stays."""
    require(actor, RUN)
    with transaction.atomic():
        move(run, to=workflow.CANCELLED, allowed=workflow.RUN, finished_at=timezone.now())
        if run.job is not None and run.job.state not in ENDED_JOBS:
            jobs.cancel(run.job, actor=actor)
        activity.record(actor, "simulation.stopped", run)


def runs_settle() -> int:
    """Close runs whose job has ended without them, as after a worker that kept dying; return how many."""
    orphans = SimulationRun.objects.filter(state__in=workflow.UNDER_WAY)
    old = Q(job__isnull=True, created_at__lt=timezone.now() - HERE_AT_MOST)
    orphans = orphans.filter(old | Q(job__state__in=ENDED_JOBS))
    return orphans.update(
        state=workflow.FAILED,
        finished_at=timezone.now(),
        problem="Its job has ended without it. Run it again.",
    )


def simulation_run(
    run: SimulationRun, *, progress: jobs.Progress | None = None, stage: Stage | None = None
) -> SimulationRun:
    """Play what the run has not played yet, and close it. Idempotent: a closed run stays as it is."""
    if run.state not in workflow.UNDER_WAY:
        return run
    if run.state == workflow.QUEUED:
        move(run, to=workflow.RUNNING, allowed=workflow.RUN)
    started = time.perf_counter()
    try:
        stage = stage or stage_set(run.model_version)
        _play_missing(run, stage, progress)
    except DatabaseError:  # the job is queued again, and goes on
        raise
    except DomainError as refusal:
        _break_off(run, refusal.message)
        raise
    except Exception as error:
        _break_off(run, f"{type(error).__name__}: {error}")
        raise
    _close(run, time.perf_counter() - started)
    return run


def _play_missing(run: SimulationRun, stage: Stage, progress: jobs.Progress | None) -> None:
    played = set(run.results.values_list("name", flat=True))
    scenarios = [one for one in _enabled(run) if one.name not in played]
    total = len(played) + len(scenarios)
    for number, scenario in enumerate(scenarios, len(played) + 1):
        if progress is not None:
            progress.stop_if_cancelled()
            progress(number - 1, total, scenario.name)
        _keep(run, number, scenario, _judged(scenario, stage))
    if progress is not None:
        progress.stop_if_cancelled()
        progress(total, total, "")


def _enabled(run: SimulationRun) -> Iterator[Scenario]:
    rows = Scenario.objects.filter(suite_id=run.suite_id, enabled=True).order_by("name", "pk")
    return rows[:MAX_ENABLED].iterator(chunk_size=200)


def _judged(scenario: Scenario, stage: Stage) -> Judged:
    """Play a stored scenario; one that cannot be read any more fails, and says so."""
    try:
        script = script_of(scenario.definition)
    except InvalidInput as wrong:
        failure = Failure(0, "definition", "a scenario that can be read", wrong.message[:300])
        return Judged(scenario.name, scenario.sha256, 1, (failure,), ())
    return judged(script, stage)


def _keep(run: SimulationRun, number: int, scenario: Scenario, one: Judged) -> None:
    with transaction.atomic():
        SimulationResult.objects.create(
            run=run,
            scenario=Scenario.objects.filter(pk=scenario.pk).first(),
            number=number,
            name=scenario.name,
            sha256=scenario.sha256,
            passed=one.passed,
            checks=one.checks,
            failures=[failure.as_json() for failure in one.failures],
            transcript=[turn.as_json() for turn in one.turns],
            ms=one.ms,
        )


def _close(run: SimulationRun, seconds: float) -> None:
    results = results_of(run)
    passed = sum(one["passed"] for one in results)
    with transaction.atomic():
        move(
            run,
            to=workflow.DONE,
            allowed=workflow.RUN,
            total=len(results),
            passed=passed,
            failed=len(results) - passed,
            digest=digest_of(results),
            bundle=bundle_of([turn for one in results for turn in one["transcript"]]),
            seconds=round(seconds, 2),
            finished_at=timezone.now(),
        )
        activity.record(
            Actor.system(TASK),
            "simulation.done",
            run,
            after={"passed": passed, "failed": len(results) - passed, "digest": run.digest},
        )


def _break_off(run: SimulationRun, problem: str) -> None:
    rows = SimulationRun.objects.filter(pk=run.pk, state__in=workflow.UNDER_WAY)
    rows.update(state=workflow.FAILED, problem=problem[:500], finished_at=timezone.now())


def results_of(run: SimulationRun) -> list[dict[str, Any]]:
    """Return a run's results as plain values, in the order they were played."""
    names = ("name", "sha256", "passed", "checks", "failures", "transcript", "ms")
    return list(run.results.order_by("number").values(*names))
