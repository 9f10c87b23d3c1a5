"""What a pilot's page shows above its fields: where it stands, what is next, what was signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from core.admin_transitions import Transition
from pilot import baselines, words, workflow
from pilot.admin.pilot_moves import further, scope_of
from pilot.figures.selectors import gate_of
from pilot.gate import Condition
from pilot.models import Pilot
from pilot.selectors import week_of
from pilot.services.conditions import next_conditions
from pilot.services.stages import start_problem
from pilot.targets import TARGETS

SHOWN_MOVES = 50
STATE_TONES = {
    workflow.PLANNED: "info",
    workflow.RUNNING: "good",
    workflow.HALTED: "bad",
    workflow.ENDED: "",
}


def panel_of(request: HttpRequest, pilot: Pilot, moves: Sequence[Transition]) -> dict[str, Any]:
    """Return the panel; ``pilot`` has the counts of selectors.with_counts."""
    conditions = _conditions(pilot)
    baseline = pilot.baseline if pilot.locked_at else baselines.baseline_of(pilot.category_id)
    return {
        "pilot": pilot,
        "tone": STATE_TONES[pilot.state],
        "scope": scope_of(pilot),
        "sentence": _sentence(pilot),
        "rail": _rail(pilot),
        "conditions": conditions,
        "next_title": _next_title(pilot),
        "is_rehearsal": pilot.source == workflow.REPLAY_SOURCE,
        "buttons": [_button(pilot, move, conditions) for move in moves if move.applies(request, pilot)],
        "last_halt": pilot.moves.filter(verb="halt").first() if pilot.state == workflow.HALTED else None,
        "outside": words.OUTSIDE if pilot.source == workflow.LIVE_SOURCE else "",
        "baseline": baseline,
        "targets": [
            {
                "label": target.label,
                "target": target.demand(pilot.targets[target.name]) if target.name in pilot.targets else "",
                "before": baselines.said(baseline, target.name),
            }
            for target in TARGETS
        ],
        "history": [_signed(move) for move in pilot.moves.all()[:SHOWN_MOVES]],
    }


def _conditions(pilot: Pilot) -> tuple[Condition, ...]:
    """Return what the next move forward asks for."""
    if pilot.state == workflow.PLANNED:
        problem = start_problem(pilot)
        return (Condition("start", not problem, problem or "Nothing stands in the way of the start."),)
    if pilot.state != workflow.RUNNING or pilot.source == workflow.REPLAY_SOURCE:
        return ()
    if pilot.stage == workflow.STAGES[-1]:  # for a further scope
        return gate_of(pilot).conditions
    return next_conditions(pilot)


def _next_title(pilot: Pilot) -> str:
    if pilot.state == workflow.PLANNED:
        return "Before it starts"
    if pilot.state == workflow.HALTED:
        return "How it goes on"
    after = further(pilot)
    return f"Before the stage “{words.NAMES[after].lower()}”" if after else "Before you open a further scope"


def _sentence(pilot: Pilot) -> str:
    scope = scope_of(pilot)
    if pilot.state == workflow.PLANNED:
        return f"Planned for {scope}. Nothing has changed for customers yet."
    if pilot.state == workflow.ENDED:
        return f"Has ended. It was about {scope}; everything stays readable."
    if pilot.state == workflow.HALTED:
        return words.halted_state(scope)
    if pilot.source == workflow.REPLAY_SOURCE:
        return f"A rehearsal on closed tickets of {scope}. It serves nobody and takes nothing from anybody."
    return {
        "shadow": f"The agent drafts replies for {scope}; nobody gets them.",
        "assist": f"Customers of {scope} get what a person has approved or edited.",
        "limited": f"{pilot.percent} % of the customers of {scope} get replies at once; for the others a "
        "person approves each.",
        "full": f"All customers of {scope} get replies at once.",
    }[pilot.stage]


def _rail(pilot: Pilot) -> list[dict[str, Any]]:
    at = workflow.STAGES.index(pilot.stage)
    begun = pilot.state != workflow.PLANNED
    return [
        {
            "name": words.NAMES[stage],
            "says": words.SHORT[stage],
            "percent": pilot.percent if stage == "limited" and begun and at >= number else None,
            "is_done": begun and number < at,
            "is_now": begun and number == at,
        }
        for number, stage in enumerate(workflow.STAGES)
    ]


def _button(pilot: Pilot, move: Transition, conditions: Sequence[Condition]) -> dict[str, Any]:
    """Return a button; one that leads forward is off while a condition does not hold."""
    forward = move.name in ("start", "forward")
    label = f"Move on to {words.NAMES[further(pilot)].lower()}" if move.name == "forward" else move.label
    return {
        "name": move.name,
        "label": label,
        "url": reverse("admin:pilot_pilot_transition", args=(pilot.pk, move.name)),
        "is_off": forward and not all(one.holds for one in conditions),
        "style": "" if forward or move.name == "resume" else "plain",
    }


def _signed(move: Any) -> dict[str, Any]:
    """Return a signed move as the history shows it."""
    bundle = move.bundle
    versions = ", ".join(
        f"{label} {bundle[name]}"
        for name, label in (("release", "release"), ("index", "index"), ("rules", "rules"))
        if bundle.get(name) is not None
    )
    went = move.from_stage != move.to_stage
    stages = f"{words.NAMES[move.from_stage]} → {words.NAMES[move.to_stage]}" if went else ""
    listed = move.gate.get("conditions", [])
    return {
        "move": move,
        "stages": stages,
        "percent": move.percent,
        "versions": versions or "not known",
        "conditions": listed,
        "held": sum(1 for one in listed if one["holds"]),
    }


def days_of(pilot: Pilot) -> str:
    """Return how long a pilot has run, in days and weeks; empty before its start."""
    if pilot.started_at is None:
        return ""
    until = pilot.ended_at or timezone.now()
    days = (until - pilot.started_at).days
    said = "since today" if days == 0 and pilot.ended_at is None else f"{days} day{'' if days == 1 else 's'}"
    return said if pilot.ended_at else f"{said}, week {week_of(pilot.started_at, until)}"
