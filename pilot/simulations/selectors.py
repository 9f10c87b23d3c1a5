"""Reads of suites and runs for pages: last results, what has flipped, whether a result is out of date."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from escalation.selectors import live_rule_set
from intents.models import ModelVersion
from intents.ports import VersionEvidence
from intents.selectors import intent_profiles, live_release
from kb.models import Article
from pilot.models import Scenario, SimulationResult, SimulationRun, Suite
from pilot.simulations import workflow
from pilot.simulations.exchange.contracts import Surroundings
from runtime.actions.selectors import known_actions

MAX_TITLES, MAX_VERSIONS, SHOWN_SUITES = 5_000, 20, 20


@dataclass(frozen=True, slots=True)
class SuiteState:
    """One line for the dashboard: how a suite's last run on the live model went."""

    suite_id: int
    name: str
    run_id: int
    passed: int
    failed: int
    is_stale: bool  # release or rules have changed since


def suites_with_last_run() -> Any:
    """Return the suites with how many scenarios are played and how their last finished run went."""
    done = SimulationRun.objects.filter(suite=OuterRef("pk"), state=workflow.DONE).order_by("-pk")
    count = (
        Scenario.objects.filter(suite=OuterRef("pk"), enabled=True)
        .order_by()
        .values("suite")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Suite.objects.annotate(
        scenario_count=Coalesce(Subquery(count), 0),
        last_run=Subquery(done.values("pk")[:1]),
        last_passed=Subquery(done.values("passed")[:1]),
        last_failed=Subquery(done.values("failed")[:1]),
        last_at=Subquery(done.values("finished_at")[:1]),
    )


def suite_states() -> list[SuiteState]:
    """Return how each suite stands on the live model (at most 20); unplayed ones are left out."""
    live = SimulationRun.objects.filter(suite=OuterRef("pk"), state=workflow.DONE, model_version=None)
    rows = Suite.objects.filter(is_archived=False).annotate(
        last=Subquery(live.order_by("-pk").values("pk")[:1])
    )
    ids = dict(rows.exclude(last=None).order_by("name").values_list("last", "name")[:SHOWN_SUITES])
    runs = SimulationRun.objects.filter(pk__in=ids)
    now = bundle_now()
    return [
        SuiteState(run.suite_id, ids[run.pk], run.pk, run.passed, run.failed, is_stale(run, now))
        for run in runs
    ]


def suites_failing() -> list[tuple[str, int]]:
    """Return name and number of failures of each suite whose last run failed (one query)."""
    rows = suites_with_last_run().filter(is_archived=False, last_failed__gt=0).order_by("name")
    return list(rows.values_list("name", "last_failed")[:SHOWN_SUITES])


def simulations_of_version(version_id: int) -> list[VersionEvidence]:
    """Return how each suite last went on a model version, as a candidate or live (three queries)."""
    suites = suites_with_last_run().filter(is_archived=False, scenario_count__gt=0).order_by("name")
    number = ModelVersion.objects.filter(pk=version_id).values_list("number", flat=True).first()
    done = SimulationRun.objects.filter(suite=OuterRef("pk"), state=workflow.DONE)
    on_it = done.filter(
        Q(model_version=version_id) | Q(model_version=None, bundle__model_version=number)
    ).order_by("-pk")
    found = suites.annotate(here=Subquery(on_it.values("pk")[:1]))[:SHOWN_SUITES]
    pairs = [(suite, suite.here) for suite in found]
    runs = SimulationRun.objects.in_bulk([run for _, run in pairs if run is not None])
    return [_evidence(suite, runs.get(run)) for suite, run in pairs]


def _evidence(suite: Suite, run: SimulationRun | None) -> VersionEvidence:
    if run is None:
        url = reverse("admin:pilot_suite_change", args=(suite.pk,))
        return VersionEvidence(suite.name, "Not played on this version yet: open it, “Run now”.", url)
    url = reverse("admin:pilot_simulationrun_change", args=(run.pk,))
    detail = (
        f"{run.failed} of {run.total} scenarios fail" if run.failed else f"all {run.total} scenarios pass"
    )
    return VersionEvidence(suite.name, detail, url, not run.failed)


def bundle_now() -> dict[str, int | None]:
    """Return the live release and rule set."""
    release = live_release()
    return {"release": release.number if release else None, "rule_set": live_rule_set().version}


def is_stale(run: SimulationRun, now: Mapping[str, int | None]) -> bool:
    """Tell whether a run was played on another release or other rules than those of now."""
    if run.state != workflow.DONE:
        return False
    if run.model_version_id is not None:
        return run.bundle.get("rule_set") != now["rule_set"]
    return any(run.bundle.get(name) is not None and run.bundle[name] != now[name] for name in now)


def previous_run(run: SimulationRun) -> SimulationRun | None:
    """Return the suite's last finished run before this one."""
    earlier = SimulationRun.objects.filter(suite_id=run.suite_id, state=workflow.DONE, pk__lt=run.pk)
    return earlier.order_by("-pk").first()


def flipped_names(run: SimulationRun, before: SimulationRun | None) -> dict[str, bool]:
    """Return the scenarios that passed before and fail now (False), or the other way (True); two queries."""
    if before is None:
        return {}
    old = dict(before.results.values_list("name", "passed"))
    new = run.results.values_list("name", "passed")
    return {name: passed for name, passed in new if name in old and old[name] != passed}


def last_results(scenario_ids: Collection[int]) -> dict[int, SimulationResult]:
    """Return the newest result of each scenario, without its transcript (two queries)."""
    newest = SimulationResult.objects.filter(scenario=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    ids = (
        Scenario.objects.filter(pk__in=scenario_ids)
        .annotate(last=Subquery(newest))
        .values_list("last", flat=True)
    )
    rows = SimulationResult.objects.filter(pk__in=[one for one in ids if one is not None]).defer("transcript")
    return {row.scenario_id: row for row in rows if row.scenario_id is not None}


def candidate_versions() -> list[ModelVersion]:
    """Return the model versions that a run can try, newest first."""
    return list(
        ModelVersion.objects.filter(state=ModelVersion.State.READY).order_by("-number")[:MAX_VERSIONS]
    )


def surroundings(chosen: Mapping[str, str] | None = None) -> Surroundings:
    """Return what names in an imported file can mean here."""
    titles: Any = Article.objects.filter(~Q(title="")).order_by("title").values_list("title", flat=True)
    return Surroundings(
        intents={profile.slug: profile.label for profile in intent_profiles()},
        actions={slug: info.label for slug, info in known_actions().items()},
        titles=tuple(dict.fromkeys(titles[:MAX_TITLES])),
        chosen=chosen or {},
    )
