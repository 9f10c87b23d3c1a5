"""Pilots with their signed moves, drafts with their reviews, corrections, weeks, simulations, replays."""

from pilot.models.collected import CollectedReview
from pilot.models.corrections import Correction
from pilot.models.drafts import Draft, Review
from pilot.models.pilots import Pilot, StageMove
from pilot.models.replay import FrozenCase, FrozenJudgement, ReplayResult, ReplayRun
from pilot.models.simulations import Scenario, SimulationResult, SimulationRun, Suite
from pilot.models.weekly import WeeklyReview

__all__ = [
    "CollectedReview",
    "Correction",
    "Draft",
    "FrozenCase",
    "FrozenJudgement",
    "Pilot",
    "ReplayResult",
    "ReplayRun",
    "Review",
    "Scenario",
    "SimulationResult",
    "SimulationRun",
    "StageMove",
    "Suite",
    "WeeklyReview",
]
