"""The live engines, held still for a whole run: one classifier, one rule set. Reads; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from escalation.selectors import live_rule_set
from intents.inference import classifier_held
from intents.models import ModelVersion
from pilot.selectors import scopes_running
from pilot.simulations.play import Stage
from pilot.simulations.transcript import PlayedTurn
from runtime.actions.selectors import known_actions
from runtime.drafting.live import section_answer
from runtime.engines import LIVE
from runtime.turn_state import Engines


def stage_set(version: ModelVersion | None = None, *, engines: Engines | None = None) -> Stage:
    """Return what to play with: the live model, or the given version in its place.

    Raises Unavailable (no_release) where no model is live, ArtefactRefused where a file cannot be used.
    """
    base = (
        engines
        if engines is not None
        else replace(LIVE, classify=classifier_held(version), draft=section_answer)
    )
    rules = base.rule_set()
    return Stage(
        engines=replace(base, rule_set=lambda: rules),
        known=known_actions(),
        scopes=scopes_running(),
        zone=timezone.localtime,
    )


def bundle_of(turns: Sequence[Mapping[str, Any] | PlayedTurn]) -> dict[str, Any]:
    """Return the versions that answered, from the turns themselves; ``moved``: what changed meanwhile."""
    seen: dict[str, set[int]] = {"release": set(), "model_version": set(), "index": set(), "rule_set": set()}
    for turn in turns:
        versions = turn.versions if isinstance(turn, PlayedTurn) else turn.get("versions", {})
        for name, number in versions.items():
            if number is not None and name in seen:
                seen[name].add(number)
    moved = sorted(name for name, numbers in seen.items() if len(numbers) > 1)
    newest: dict[str, Any] = {name: max(numbers, default=None) for name, numbers in seen.items()}
    return {**newest, **({"moved": moved} if moved else {})}


def rule_set_now() -> int:
    """Return the number of the live rule set."""
    return live_rule_set().version
