"""Pilots with their signed moves, drafts with their reviews, corrections; suites of simulations."""

from pilot.models.corrections import Correction
from pilot.models.drafts import Draft, Review
from pilot.models.pilots import Pilot, StageMove
from pilot.models.simulations import Scenario, SimulationResult, SimulationRun, Suite

__all__ = [
    "Correction",
    "Draft",
    "Pilot",
    "Review",
    "Scenario",
    "SimulationResult",
    "SimulationRun",
    "StageMove",
    "Suite",
]
