"""Reads around flows: what they may name now, what they say to customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F

from intents.selectors import intent_profiles
from kb.linting import voice, voice_findings
from runtime.actions.selectors import known_actions
from runtime.flows import workflow
from runtime.flows.checks import Surroundings
from runtime.flows.definition import flow_read
from runtime.models import FlowRun, FlowVersion, ResolutionFlow

SHOWN_STEPS = 5


def surroundings() -> Surroundings:
    """Return the active intents, the actions and the brand's voice, as the checks ask for them."""
    unwanted = voice()
    return Surroundings(
        actions=known_actions(),
        intents={profile.slug for profile in intent_profiles()},
        voice=lambda text: voice_findings(text, unwanted),
    )


def intent_choices() -> list[tuple[str, str]]:
    """Return the active intents for a form: slug and label."""
    return [(profile.slug, profile.label) for profile in intent_profiles()]


def newest_definition(flow: ResolutionFlow) -> Mapping[str, Any]:
    """Return what the flow says by its newest version."""
    newest = flow.versions.order_by("-number").first()
    return newest.definition if newest else {"format": 1, "steps": []}


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How runs of a flow have gone; ``stopped_at`` names the steps at which most of the others ended."""

    by_state: Mapping[str, int]
    stopped_at: tuple[tuple[str, int], ...]


def run_counts(flow: ResolutionFlow) -> RunCounts:
    """Count the runs of all versions of a flow (two queries)."""
    runs = FlowRun.objects.filter(version__flow=flow).order_by()
    by_state = dict(runs.values_list("state").annotate(count=Count("pk")))
    stopped = runs.filter(state__in=(workflow.ESCALATED, workflow.ABANDONED))
    steps = stopped.values_list("step").annotate(count=Count("pk")).order_by("-count", "step")
    return RunCounts(by_state, tuple(steps[:SHOWN_STEPS]))


def flow_lines() -> list[tuple[str, str, int]]:
    """Return what flows say: place (flow, step, field), text and flow id; a draft by its newest version."""
    flows = list(ResolutionFlow.objects.exclude(state=workflow.ARCHIVED).select_related("active_version"))
    drafts = FlowVersion.objects.filter(
        flow__in=[flow.pk for flow in flows if flow.active_version is None],
        number=F("flow__latest_number"),
    )
    newest = {version.flow_id: version for version in drafts}
    return [
        (f"{row.title}: {step.id}, {field}", text, row.pk)
        for row in flows
        if (version := row.active_version or newest.get(row.pk)) is not None
        for step in flow_read(version.definition).steps
        for field, text in step.texts()
        if text.strip()
    ]
